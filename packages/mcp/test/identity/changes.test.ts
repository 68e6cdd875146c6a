/** Whose agent a session is while it lives: /clear, /resume, a branch, another workspace, told by hooks, files and roots. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type McpSession, startMcpSession, startTestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { directory, endBroker, hook, Waiting } from "../setting.ts";

let broker: Awaited<ReturnType<typeof startTestBroker>>;
let sender: Awaited<ReturnType<typeof broker.agent>>;
beforeAll(async () => {
  broker = await startTestBroker();
  sender = await broker.agent("sender");
});
afterAll(() => endBroker(broker));

function claude(cwd: string, conversation: string, env: Record<string, string> = {}): Promise<McpSession> {
  return startMcpSession({
    ...{ home: broker.home, url: broker.url, cwd: directory(broker, cwd) },
    env: { CLAUDE_CODE_SESSION_ID: conversation, CLAUDE_CONFIG_DIR: configOf(cwd), ...env },
  });
}

/** Folder of Claude Code's own files for the sessions of a test. */
function configOf(cwd: string): string {
  return directory(broker, `${cwd}-claude`);
}

/** What Claude Code, whose process is this one, says of its session. */
function says(cwd: string, conversation: string): void {
  const folder = join(configOf(cwd), "sessions");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify({ pid: process.pid, sessionId: conversation }));
}

/** A transcript as Claude Code begins it. */
function transcript(cwd: string, conversation: string, entry: Record<string, unknown>): void {
  const folder = join(configOf(cwd), "projects", "-work");
  mkdirSync(folder, { recursive: true });
  const lines = [
    { type: "mode", sessionId: conversation },
    { type: "user", sessionId: conversation, ...entry },
  ];
  writeFileSync(join(folder, `${conversation}.jsonl`), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

async function used(session: McpSession): Promise<string> {
  const name = await session.joined();
  await session.tool("send_message", { to: "sender", message: "here" });
  return name;
}

async function nameOf(session: McpSession): Promise<string> {
  return until(async () => {
    const { data, isError } = await session.tool("whoami");
    return isError ? undefined : String(data.name);
  }, "the session to have a name");
}

async function mailOf(session: McpSession): Promise<string[]> {
  const { messages } = Waiting.parse((await session.tool("check_messages")).data);
  return messages.map(({ text }) => /\n(.*)\n<\/agentmesh>/.exec(text)?.[1] ?? text);
}

function sessionStart(conversation: string, source: string): Promise<string> {
  return hook(broker, ["claude"], { hook_event_name: "SessionStart", session_id: conversation, source });
}

/** A conversation with an agent that was used, and mail that waits for it. */
async function waiting(cwd: string, conversation: string): Promise<string> {
  const session = await claude(cwd, conversation);
  const name = await used(session);
  await session.close();
  await until(async () => (await broker.admin.getAgent({ agent: name })).presence === "offline", "it to be offline");
  await sender.client.send({ to: name, body: `for ${conversation}` });
  return name;
}

test("/clear goes on as the same agent; the conversation before gets a new one when it is resumed", async () => {
  const session = await claude("clear", "clear-a");
  const name = await used(session);
  await sender.client.send({ to: name, body: "before" });
  await sessionStart("clear-b", "clear");
  await sender.client.send({ to: name, body: "after" });
  expect(await nameOf(session)).toBe(name);
  expect(await mailOf(session)).toEqual(["before", "after"]);
  await session.close();

  await using old = await claude("clear", "clear-a");
  expect(await nameOf(old)).not.toBe(name);
  await using cleared = await claude("clear", "clear-b");
  expect(await nameOf(cleared)).toBe(name);
});

test("/compact changes nothing", async () => {
  await using session = await claude("compact", "compact-a");
  const name = await used(session);
  await sessionStart("compact-a", "compact");
  expect(await nameOf(session)).toBe(name);
});

test("/resume within a session goes over to that conversation's agent, and says so once", async () => {
  const other = await waiting("resume", "resume-b");
  await using session = await claude("resume", "resume-a");
  const name = await used(session);
  await sessionStart("resume-b", "resume");
  const told = await until(async () => {
    const answer = await session.tool("whoami");
    return answer.isError ? undefined : answer;
  }, "it to go over");
  expect(told.data.name).toBe(other);
  expect(told.text).toContain(`in the mesh you are "${other}" now, no longer "${name}"`);
  expect((await session.tool("whoami")).text).not.toContain("no longer");
  expect(await mailOf(session)).toEqual(["for resume-b"]);

  await sender.client.send({ to: name, body: "for the one that was left" });
  expect(await mailOf(session)).toEqual([]);
  await sessionStart("resume-a", "resume");
  expect(await nameOf(session)).toBe(name);
  expect(await mailOf(session)).toEqual(["for the one that was left"]);
});

test("a hook that tells another conversation is given that conversation's mail and no other's", async () => {
  await waiting("hooked", "hooked-b");
  await using session = await claude("hooked", "hooked-a", { AGENTMESH_PUSH: "claude-hooks", AGENTMESH_CANARY: "off" });
  const name = await used(session);
  await hook(broker, ["claude"], { hook_event_name: "Stop", session_id: "hooked-a", stop_hook_active: true });
  await sender.client.send({ to: name, body: "for hooked-a" });
  const prompt = { hook_event_name: "UserPromptSubmit", session_id: "hooked-b" };
  const printed = [await hook(broker, ["claude"], prompt)];
  await nameOf(session);
  printed.push(await hook(broker, ["claude"], prompt));
  expect(printed.join()).toContain("for hooked-b");
  expect(printed.join()).not.toContain("for hooked-a");
});

test.each(["fork", "resume"])(
  "a conversation that is new to the mesh (%s) is a new agent; the one before waits",
  async (source) => {
    await using session = await claude(`new-${source}`, `${source}-from`);
    const name = await used(session);
    await sessionStart(`${source}-to`, source);
    expect(await nameOf(session)).not.toBe(name);
    await sender.client.send({ to: name, body: "for the one before" });
    expect(await mailOf(session)).toEqual([]);
  },
);

test("a call that is under way when the session goes over ends with a sentence", async () => {
  await waiting("busy", "busy-b");
  await using session = await claude("busy", "busy-a");
  await used(session);
  const asked = session.tool("ask_peer", { to: "sender", message: "and?", wait_seconds: 60 });
  await until(
    async () => (await sender.client.listInbox({})).entries.some(({ message }) => message.body === "and?"),
    "the question to arrive",
  );
  await sessionStart("busy-b", "resume");
  expect(await asked).toMatchObject({
    isError: true,
    text: expect.stringContaining("gone over to another conversation"),
  });
});

test("what Claude Code says in its session file counts, not the environment, as after --continue", async () => {
  const name = await waiting("continue", "continue-a");
  says("continue", "continue-a");
  await using session = await claude("continue", "never-to-be");
  expect(await nameOf(session)).toBe(name);
  expect(await mailOf(session)).toEqual(["for continue-a"]);
});

test("without hooks, the session file and the transcripts tell /clear, a branch and /resume apart", async () => {
  const other = await waiting("file", "file-other");
  says("file", "file-a");
  await using session = await claude("file", "file-a");
  const name = await used(session);

  transcript("file", "file-b", { timestamp: new Date().toISOString() });
  says("file", "file-b");
  expect(await nameOf(session)).toBe(name);

  transcript("file", "file-c", { timestamp: new Date().toISOString(), forkedFrom: { sessionId: "file-b" } });
  says("file", "file-c");
  const branch = await used(session);
  expect(branch).not.toBe(name);

  transcript("file", "file-old", { timestamp: "2026-01-01T00:00:00.000Z" });
  says("file", "file-old");
  expect([name, branch]).not.toContain(await nameOf(session));

  says("file", "file-other");
  expect(await nameOf(session)).toBe(other);
  says("file", "file-b");
  expect(await nameOf(session)).toBe(name);
});

test("a session file of another process with the same number is no word of this one", async () => {
  const stale = join(configOf("stale"), "sessions");
  mkdirSync(stale, { recursive: true });
  const name = await waiting("stale", "stale-a");
  for (const lie of [{ procStart: "1" }, { pidDomain: "linux:0:pid:[1]" }]) {
    writeFileSync(join(stale, `${process.pid}.json`), JSON.stringify({ sessionId: "stale-a", ...lie }));
    await using session = await claude("stale", "stale-b");
    if (process.platform === "linux") expect(await nameOf(session)).not.toBe(name);
  }
});

test("a window that is given another folder goes over to that folder's agent", async () => {
  const roots = { now: directory(broker, "folder-one") };
  await using session = await startMcpSession({
    ...{ home: broker.home, url: broker.url, cwd: directory(broker, "folders"), clientName: "vscode" },
    roots: () => [roots.now],
  });
  expect(await session.joined()).toBe("folder-one");
  roots.now = directory(broker, "folder-two");
  await session.client.sendRootsListChanged();
  await until(async () => (await nameOf(session)) === "folder-two", "it to go over");
  await sender.client.send({ to: "folder-one", body: "for the first folder" });
  expect(await mailOf(session)).toEqual([]);
  roots.now = directory(broker, "folder-one");
  await session.client.sendRootsListChanged();
  await until(async () => (await nameOf(session)) === "folder-one", "it to come back");
  expect(await mailOf(session)).toEqual(["for the first folder"]);
});

test("a name that was chosen outlives conversations, whatever they do", async () => {
  const env = { AGENTMESH_NAME: "the-chosen" };
  const first = await claude("chosen", "chosen-a", env);
  expect(await used(first)).toBe("the-chosen");
  await sessionStart("chosen-b", "fork");
  expect(await nameOf(first)).toBe("the-chosen");
  await using second = await claude("chosen", "chosen-c", env);
  expect(await second.joined()).toBe("the-chosen-2");
  await first.close();
  await using third = await claude("chosen", "chosen-d", env);
  expect(await nameOf(third)).toBe("the-chosen");
});
