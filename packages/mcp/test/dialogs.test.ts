/** Dialogs: what the hooks of a client tell of one, what senders are told, and what shows that it is over. */
import { join } from "node:path";
import { openClaudeTranscript, startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endBroker, hook, session } from "./setting.ts";

let broker: TestBroker;
let sender: Awaited<ReturnType<TestBroker["agent"]>>["client"];
beforeAll(async () => {
  broker = await startTestBroker();
  sender = (await broker.agent("sender")).client;
});
afterAll(() => endBroker(broker));

const clients = {
  claude: { client: "claude-code", env: "CLAUDE_CODE_SESSION_ID", tool: "PostToolUse" },
  gemini: { client: "gemini-cli-mcp-client", env: undefined, tool: "AfterTool" },
  qwen: { client: "qwen-cli-mcp-client-agentmesh", env: "QWEN_CODE_SESSION_ID", tool: "PostToolUse" },
} as const;

async function standsAt(name: string): Promise<string | undefined> {
  return (await sender.getAgent({ agent: name })).dialog?.about;
}

const stands = (name: string, about: string | undefined) =>
  until(async () => (await standsAt(name)) === about, `${name} to stand at ${about ?? "nothing"}`);

test.each([
  ["claude", "permission_prompt", "permission"],
  ["claude", "elicitation_dialog", "question"],
  ["qwen", "permission_prompt", "permission"],
  ["gemini", "ToolPermission", "permission"],
] as const)("a session of %s whose %s stands open is shown so until its next hook", async (kind, type, about) => {
  const name = `${kind}-${type.toLowerCase().replaceAll("_", "-")}`;
  const { client, env, tool } = clients[kind];
  await using bob = await session(broker, name, {
    clientName: client,
    env: { ...(env && { [env]: `ses-${name}` }) },
  });
  await bob.joined();
  const input = { session_id: `ses-${name}`, notification_type: type };

  expect(await hook(broker, [kind], { ...input, hook_event_name: "Notification" })).toBe("");
  await stands(name, about);
  const { deliveries } = await sender.send({ to: name, body: "are you there?" });
  expect(deliveries[0]?.recipient.dialog?.about).toBe(about);
  expect(deliveries[0]?.warnings.map(({ code }) => code)).toContain("recipient_at_dialog");

  await hook(broker, [kind], { session_id: input.session_id, hook_event_name: tool });
  await stands(name, undefined);
  await bob.tool("check_messages");
});

test("Codex asks its user by an event of its own, which our hook leaves to the user", async () => {
  await using bob = await session(broker, "coder", {
    clientName: "codex-mcp-client",
    env: { AGENTMESH_PUSH: "codex-hooks" },
  });
  await bob.joined();
  await bob.tool("whoami", {}, { threadId: "thread-of-coder" });
  const input = { session_id: "thread-of-coder", tool_name: "Bash", tool_input: { command: "touch one" } };
  const asked = { ...input, agent_id: "a1", hook_event_name: "PermissionRequest" };
  await hook(broker, ["codex"], { session_id: "thread-of-coder", hook_event_name: "UserPromptSubmit" });
  expect(await hook(broker, ["codex"], asked)).toBe("");
  await stands("coder", "permission");
  await hook(broker, ["codex"], { ...input, hook_event_name: "PostToolUse" });
  await stands("coder", undefined);
});

test("a notification that asks nobody is no dialog", async () => {
  await using bob = await session(broker, "resting", { env: { CLAUDE_CODE_SESSION_ID: "ses-resting" } });
  await bob.joined();
  const told = (notification_type: string) =>
    hook(broker, ["claude"], { session_id: "ses-resting", hook_event_name: "Notification", notification_type });
  await told("permission_prompt");
  await stands("resting", "permission");
  for (const type of ["idle_prompt", "auth_success", "of a later version"]) await told(type);
  expect(await standsAt("resting")).toBe("permission");
  await bob.tool("whoami");
  await stands("resting", undefined);
  for (const type of ["idle_prompt", "auth_success", "of a later version"]) await told(type);
  await bob.tool("whoami");
  expect(await standsAt("resting")).toBeUndefined();
});

test("who stops the model at a dialog runs no hook: the transcript shows that it is over", async () => {
  await using bob = await session(broker, "stopped", { env: { CLAUDE_CODE_SESSION_ID: "ses-stopped" } });
  await bob.joined();
  const transcript = openClaudeTranscript(join(broker.home, "stopped.jsonl"));
  transcript.answered(true);
  const input = { session_id: "ses-stopped", transcript_path: transcript.path };
  await hook(broker, ["claude"], { ...input, hook_event_name: "PostToolUse" });
  await hook(broker, ["claude"], {
    ...{ ...input, agent_id: "a1" },
    ...{ hook_event_name: "Notification", notification_type: "permission_prompt" },
  });
  await stands("stopped", "permission");
  transcript.interrupted();
  await stands("stopped", undefined);
});

test("a tool lists who stands at a dialog, and since when", async () => {
  await using alice = await session(broker, "asker", {});
  await using bob = await session(broker, "asked", { env: { CLAUDE_CODE_SESSION_ID: "ses-asked" } });
  await Promise.all([alice.joined(), bob.joined()]);
  const input = { session_id: "ses-asked", hook_event_name: "Notification", notification_type: "permission_prompt" };
  await hook(broker, ["claude"], input);
  await stands("asked", "permission");
  const dialog = /asked: online: stands at a permission prompt, opened \d{4}-/;
  expect((await alice.tool("list_peers")).text).toMatch(dialog);
  expect((await alice.tool("send_message", { to: "asked", message: "hello" })).text).toContain(
    "Warning (recipient_at_dialog): A session of asked stands at a permission prompt, opened ",
  );
});
