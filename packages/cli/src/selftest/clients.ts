/** The ways into the sessions of clients, tried without the client: the real adapter, and the real hook program. */
import { AdapterSession } from "./adapter.ts";
import { isAcked } from "./paths.ts";
import { insist, stopwatch } from "./steps.ts";
import type { Trial } from "./trial.ts";

interface HookedClient {
  /** As setup calls it. */
  readonly name: string;
  /** What `agentmesh-mcp hook` is told. */
  readonly kind: string;
  /** What the client calls itself in the handshake. */
  readonly says: string;
  /** Its moment when a prompt is given. */
  readonly prompt: string;
}

const hooked: readonly HookedClient[] = [
  { name: "claude-code", kind: "claude", says: "claude-code", prompt: "UserPromptSubmit" },
  { name: "codex", kind: "codex", says: "codex-mcp-client", prompt: "UserPromptSubmit" },
  { name: "gemini", kind: "gemini", says: "gemini-cli-mcp-client", prompt: "BeforeAgent" },
  { name: "copilot", kind: "copilot", says: "copilot-cli", prompt: "UserPromptSubmit" },
  { name: "qwen", kind: "qwen", says: "qwen-cli-mcp-client-agentmesh", prompt: "UserPromptSubmit" },
];

/** How each of them says that a session begins. */
const BEGINS = { hook_event_name: "SessionStart", source: "startup" } as const;

/** The trials of the clients that are set up here; those that have no hooks read their mail by a tool. */
export function clientTrials(configured: readonly { readonly name: string; readonly title: string }[]): Trial[] {
  return configured.flatMap(({ name, title }) => {
    const client = hooked.find((each) => each.name === name);
    if (client === undefined) return [byTool(name, `${title}: check_messages`)];
    const waits = client.kind === "claude" ? [byWaitingHook(client, `${title}: waiting hook`)] : [];
    return [byHook(client, `${title}: hooks`), ...waits];
  });
}

/** The adapter's tool, which every client has. */
export const adapterTool: Trial = byTool("any-client", "adapter: check_messages");

function byTool(client: string, name: string): Trial {
  return {
    name,
    async run(mesh) {
      const from = await mesh.agent("sender");
      const agent = `tooled-${client}`;
      await using session = await AdapterSession.open(mesh, { client, name: agent, push: "none" });
      const since = stopwatch();
      const sent = await from.client.send({ to: agent, body: "read by a tool" });
      insist(
        (await session.tool("check_messages")).includes("read by a tool"),
        "check_messages does not show the message",
      );
      await isAcked(from.client, sent.messageId);
      return `shown and acked after ${since()}`;
    },
  };
}

function byHook({ name: client, kind, says, prompt }: HookedClient, name: string): Trial {
  return {
    name,
    async run(mesh) {
      const from = await mesh.agent("sender");
      const agent = `hooked-${client}`;
      const session_id = `selftest-${client}`;
      await using session = await AdapterSession.open(mesh, { client: says, name: agent, push: `${kind}-hooks` });
      await session.hook(kind, { session_id, ...BEGINS });
      const since = stopwatch();
      const sent = await from.client.send({ to: agent, body: "brought by a hook" });
      const { printed } = await session.hook(kind, { session_id, hook_event_name: prompt, submitted_prompt: "go on" });
      insist(
        printed.includes("brought by a hook"),
        `the hook printed ${printed === "" ? "nothing" : "something else"}`,
      );
      const pushed = since();
      // A push is no ack: the model's own look is.
      await session.tool("check_messages");
      await isAcked(from.client, sent.messageId);
      return `pushed after ${pushed}, acked after ${since()}`;
    },
  };
}

/** Claude Code wakes an idle session by a hook that waits, when it ends with what it says on stderr. */
function byWaitingHook({ name: client, kind, says }: HookedClient, name: string): Trial {
  return {
    name,
    async run(mesh) {
      const from = await mesh.agent("sender");
      const agent = `woken-${client}`;
      const session_id = `selftest-idle-${client}`;
      const env = { CLAUDE_CODE_SESSION_ATTENDED: "1" };
      await using session = await AdapterSession.open(mesh, { client: says, name: agent, push: `${kind}-hooks`, env });
      const waiting = session.hook(kind, { session_id, ...BEGINS }, "--wait");
      waiting.catch(() => {});
      const since = stopwatch();
      const sent = await from.client.send({ to: agent, body: "wakes who is idle" });
      const { code, woke } = await waiting;
      insist(
        code === 2 && woke.includes("wakes who is idle"),
        `the waiting hook ended with ${code} and without the message`,
      );
      const pushed = since();
      await session.tool("check_messages");
      await isAcked(from.client, sent.messageId);
      return `woken after ${pushed}, acked after ${since()}`;
    },
  };
}
