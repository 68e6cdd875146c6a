/** Whose agent a session is when it starts: real adapters, started, resumed, killed and started again in any order. */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type McpSession, type McpSessionOptions, startMcpSession, startTestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { directory, Waiting } from "../setting.ts";

let broker: Awaited<ReturnType<typeof startTestBroker>>;
let sender: Awaited<ReturnType<typeof broker.agent>>;
beforeAll(async () => {
  broker = await startTestBroker();
  sender = await broker.agent("sender");
});
// Killed sessions count as online for a while: their end is not waited for.
afterAll(() => broker[Symbol.asyncDispose]());

/** A session of Claude Code in this conversation. */
function claude(cwd: string, conversation: string, env: Record<string, string> = {}): Promise<McpSession> {
  return start({ cwd: directory(broker, cwd), env: { CLAUDE_CODE_SESSION_ID: conversation, ...env } });
}

function start(options: Pick<McpSessionOptions, "cwd"> & Partial<McpSessionOptions>): Promise<McpSession> {
  return startMcpSession({
    home: broker.home,
    url: broker.url,
    ...options,
    env: { HOME: broker.home, ...options.env },
  });
}

async function used(session: McpSession): Promise<string> {
  const name = await session.joined();
  await session.tool("send_message", { to: "sender", message: "here" });
  return name;
}

/** The texts that wait for a session. */
async function mailOf(session: McpSession): Promise<string[]> {
  const { messages } = Waiting.parse((await session.tool("check_messages")).data);
  return messages.map(({ text }) => /\n(.*)\n<\/agentmesh>/.exec(text)?.[1] ?? text);
}

async function names(): Promise<string[]> {
  return (await broker.admin.listAgents()).agents.map(({ name }) => name);
}

function left(name: string): Promise<unknown> {
  const gone = async () => {
    const { agents } = await broker.admin.listAgents();
    return agents.every((agent) => agent.name !== name || agent.presence === "offline");
  };
  return until(gone, `${name} to have left`);
}

const windows: [string, (folder: string) => Partial<McpSessionOptions>][] = [
  ["MCP roots", (folder) => ({ roots: () => [folder] })],
  ["WORKSPACE_FOLDER_PATHS", (folder) => ({ env: { WORKSPACE_FOLDER_PATHS: folder } })],
];
test.each(windows)(
  "windows of two projects whose servers start in the home folder never swap mailboxes (%s)",
  async (by, say) => {
    const home = directory(broker, `home-${by.replace(" ", "")}`);
    const project = (name: string) => {
      mkdirSync(join(home, name), { recursive: true });
      return join(home, name);
    };
    const open = (name: string) => {
      const { env, ...rest } = say(project(`${name}-${by.length}`));
      return start({ cwd: home, clientName: "cursor-vscode", ...rest, env: { HOME: home, ...env } });
    };
    const [alpha, beta] = await Promise.all([open("alpha"), open("beta")]);
    const [a, b] = await Promise.all([alpha.joined(), beta.joined()]);
    expect([a, b]).toEqual([`alpha-${by.length}`, `beta-${by.length}`]);
    await Promise.all([alpha.close(), beta.close()]);
    await Promise.all([left(a), left(b)]);
    await sender.client.send({ to: a, body: "deploy alpha" });

    await using again = await open("beta");
    expect(await again.joined()).toBe(b);
    expect(await mailOf(again)).toEqual([]);
    await using other = await open("alpha");
    expect(await other.joined()).toBe(a);
    expect(await mailOf(other)).toEqual(["deploy alpha"]);
  },
);

test("the folders of a workspace are one place in any order, and a second window there is an agent of its own", async () => {
  const home = directory(broker, "home-many");
  const folders = ["api", "web"].map((name) => directory(broker, `home-many/${name}`));
  const open = (order: readonly string[]) =>
    start({ cwd: home, clientName: "vscode", roots: () => order, env: { HOME: home } });
  await using first = await open(folders);
  const name = await first.joined();
  await using second = await open([...folders].reverse());
  const beside = await second.joined();
  expect(beside).not.toBe(name);
  await second.close();
  await until(async () => !(await names()).includes(beside), "the second window's agent to be gone");
  await first.close();
  await left(name);
  await using again = await open([...folders].reverse());
  expect(await again.joined()).toBe(name);
});

test("where nobody says what the workspace is, an agent is nobody's: its mail comes back to the sender", async () => {
  const home = directory(broker, "home-unknown");
  const open = () => start({ cwd: home, clientName: "some-editor", env: { HOME: home } });
  const first = await open();
  const name = await first.joined();
  expect(name).toBe("some-editor");
  await sender.client.send({ to: name, body: "for this window" });
  await first.close();
  await until(async () => !(await names()).includes(name), "the agent to be gone");
  await using second = await open();
  await second.joined();
  expect(await mailOf(second)).toEqual([]);
  const { entries } = await sender.client.listInbox({});
  expect(entries.some(({ message }) => message.kind === "bounce" && message.body.includes(name))).toBe(true);
});

test("a one-off session in a directory leaves the mail of the interactive one alone, and is gone afterwards", async () => {
  const interactive = await claude("cron", "conversation-a");
  const name = await used(interactive);
  await interactive.close();
  await left(name);
  await sender.client.send({ to: name, body: "for the conversation" });

  const once = await claude("cron", "one-off");
  const other = await once.joined();
  expect(other).not.toBe(name);
  const told = await once.tool("whoami");
  expect(told.text).toContain(`Mail waits here for others that are offline: ${name} (1).`);
  expect(await mailOf(once)).toEqual([]);
  await once.close();
  await until(async () => !(await names()).includes(other), "the one-off agent to be gone");

  await using resumed = await claude("cron", "conversation-a");
  expect(await resumed.joined()).toBe(name);
  expect(await mailOf(resumed)).toEqual(["for the conversation"]);
});

test("a one-off that resumes a conversation is that conversation's agent", async () => {
  const first = await claude("resumed", "conversation-r");
  const name = await used(first);
  await first.close();
  await left(name);
  await using once = await claude("resumed", "conversation-r");
  expect(await once.joined()).toBe(name);
});

test("eight sessions of one directory that are resumed at once are who they were, with inbox and subscriptions", async () => {
  const ids = Array.from({ length: 8 }, (_, at) => `reboot-${at}`);
  const was = new Map<string, string>();
  await Promise.all(
    ids.map(async (id) => {
      await using session = await claude("reboot", id);
      was.set(id, await used(session));
      await session.tool("subscribe", { topic: `topic.${id}` });
      await session.tool("set_summary", { summary: `works on ${id}` });
    }),
  );
  expect(new Set(was.values()).size).toBe(8);
  for (const [id, name] of was) {
    await left(name);
    await sender.client.send({ to: name, body: `mail of ${id}` });
  }
  const again = await Promise.all([...ids].reverse().map(async (id) => ({ id, session: await claude("reboot", id) })));
  const checks = again.map(async ({ id, session }) => {
    expect(await session.joined()).toBe(was.get(id));
    expect(await mailOf(session)).toEqual([`mail of ${id}`]);
    expect((await session.tool("whoami")).text).toContain(`works on ${id}`);
  });
  await Promise.all(checks);
  const { accepted } = await sender.client.publish({ topic: "topic.reboot-3", body: "x" });
  expect(accepted.map(({ to }) => to.name)).toEqual([was.get("reboot-3")]);
  await Promise.all(again.map(({ session }) => session.close()));
}, 120_000);

test("an adapter that is started while the one before is ending is the same agent", async () => {
  const before = await claude("reconnect", "conversation-m");
  const name = await used(before);
  const next = claude("reconnect", "conversation-m");
  const joined = next.then((session) => session.tool("whoami"));
  await before.close();
  await joined;
  await using session = await next;
  expect(await session.joined()).toBe(name);
});

test("a conversation that is open in another process is told so, and taken over when that one ends", async () => {
  const first = await claude("twice", "conversation-t");
  const name = await used(first);
  await using second = await claude("twice", "conversation-t");
  const told = await until(async () => {
    const answer = await second.tool("whoami");
    return answer.isError ? undefined : answer;
  }, "the second to join");
  expect(told.data.name).not.toBe(name);
  expect(told.text).toContain(
    `This conversation is open in another session of this client, which is its agent "${name}"`,
  );
  await first.close();
  await until(async () => (await second.tool("whoami")).data.name === name, "the second to take over");
});

test("what a killed session of its own leaves is taken out of the mesh by the next one, and its mail comes back", async () => {
  const session = await start({ cwd: directory(broker, "killed"), clientName: "codex-mcp-client" });
  await until(async () => (await names()).includes("killed"), "the provisional agent to join");
  process.kill(session.pid, "SIGKILL");
  await sender.client.send({ to: "killed", body: "into the void" });
  await using next = await claude("beside-killed", "conversation-k");
  await next.joined();
  await until(async () => !(await names()).includes("killed"), "the orphan to be swept");
  const { entries } = await sender.client.listInbox({});
  expect(entries.some(({ message }) => message.kind === "bounce" && message.body.includes("killed"))).toBe(true);
});

test("a conversation that is killed waits for its resumption", async () => {
  const session = await claude("crashed", "conversation-c");
  const name = await used(session);
  process.kill(session.pid, "SIGKILL");
  await sender.client.send({ to: name, body: "after the crash" });
  await using again = await claude("crashed", "conversation-c");
  expect(await again.joined()).toBe(name);
  expect(await mailOf(again)).toEqual(["after the crash"]);
});

test.each(["cursor-vscode", "codex-mcp-client", "gemini-cli-mcp-client"])(
  "%s started within a session of Claude Code takes nothing of it but the environment",
  async (clientName) => {
    const outer = await claude(`outer-${clientName}`, `outer-${clientName}`);
    const name = await used(outer);
    await outer.close();
    await left(name);
    await sender.client.send({ to: name, body: "for the outer one" });
    const env = {
      CLAUDE_CODE_SESSION_ID: `outer-${clientName}`,
      CLAUDE_PROJECT_DIR: directory(broker, `outer-${clientName}`),
    };
    const inner = await start({ cwd: directory(broker, `inner-${clientName}`), clientName, env });
    expect(await inner.joined()).toBe(`inner-${clientName}`);
    expect(await mailOf(inner)).toEqual([]);
    await inner.close();
  },
);

test("a thread that is told with the first call is the agent it was, and leaves none beside it", async () => {
  const codex = () => start({ cwd: directory(broker, "threads"), clientName: "codex-mcp-client" });
  const first = await codex();
  const meta = { threadId: "thread-1" };
  await first.tool("send_message", { to: "sender", message: "here" }, meta);
  const { data } = await first.tool("whoami", {}, meta);
  await first.close();
  await left(String(data.name));
  await sender.client.send({ to: String(data.name), body: "for thread 1" });

  const other = await codex();
  expect((await other.tool("whoami", {}, { threadId: "thread-2" })).data.name).not.toBe(data.name);
  await using again = await codex();
  await until(async () => (await names()).includes("threads-3"), "the provisional agent to join");
  const waiting = Waiting.parse((await again.tool("check_messages", {}, meta)).data);
  expect(waiting.messages.map(({ text }) => text).join()).toContain("for thread 1");
  await other.close();
  await until(
    async () => (await names()).filter((name) => name.startsWith("threads")).length === 1,
    "only the thread's agent to be left",
  );
});

test("no session leaves a lock or a token behind that nobody can use again", async () => {
  const files = () => readdirSync(join(broker.home, "agents")).filter((name) => name.startsWith("own-"));
  const session = await start({ cwd: directory(broker, "tidy"), clientName: "codex-mcp-client" });
  await until(async () => (await names()).includes("tidy"), "it to join");
  expect(files().some((name) => name.endsWith(".json"))).toBe(true);
  await session.close();
  await until(() => files().length === 0, "its files to be gone");
});
