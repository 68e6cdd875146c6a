/** Hooks: what the clients' hooks are given, when, and that they never stand in a session's way. */
import { join } from "node:path";
import {
  assertInTime,
  openClaudeInbox,
  openClaudeTranscript,
  startTestBroker,
  stopwatch,
  type TestBroker,
  tempDir,
  until,
} from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { deliveryOf, directory, endBroker, fences, hook, session, startHook } from "./setting.ts";

let broker: TestBroker;
let sender: Awaited<ReturnType<TestBroker["agent"]>>["client"];
beforeAll(async () => {
  broker = await startTestBroker();
  sender = (await broker.agent("sender")).client;
});
afterAll(() => endBroker(broker));

let sent = 0;

async function sendMany(to: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 1; n <= count; n++) ids.push((await sender.send({ to, body: `mail ${++sent}` })).messageId);
  return ids;
}

/** A Claude Code session without an inbox socket. */
function claude(name: string) {
  return session(broker, name, { env: { CLAUDE_CODE_SESSION_ID: `ses-${name}`, AGENTMESH_LOG_LEVEL: "debug" } });
}

const Context = z.strictObject({
  hookSpecificOutput: z.strictObject({ hookEventName: z.string(), additionalContext: z.string() }),
});
const Block = z.strictObject({ decision: z.enum(["block", "deny"]), reason: z.string() });

test("a hook is given all that waits as one text, once", async () => {
  await using bob = await claude("waiting");
  await bob.joined();
  const ids = await sendMany("waiting", 3);
  const prompt = { hook_event_name: "UserPromptSubmit", session_id: "ses-waiting" };
  const { hookSpecificOutput } = Context.parse(JSON.parse(await hook(broker, ["claude"], prompt)));
  expect(hookSpecificOutput.hookEventName).toBe("UserPromptSubmit");
  expect(fences(hookSpecificOutput.additionalContext)).toBe(3);
  expect(hookSpecificOutput.additionalContext).toMatch(/^Mail from other agents of the mesh\./);
  await until(async () => (await deliveryOf(broker, ids[2] ?? "")).events.includes("pushed"), "the push report");
  const delivery = await deliveryOf(broker, ids[0] ?? "");
  expect(delivery).toMatchObject({ state: "leased", events: ["accepted", "leased", "pushed"] });
  expect(delivery.timeline[2]).toMatchObject({ path: "claude-hooks" });
  expect((await broker.admin.getAgent({ agent: "waiting" })).pushPaths).toEqual([{ path: "claude-hooks" }]);

  expect(await hook(broker, ["claude"], { ...prompt, hook_event_name: "PostToolUse" })).toBe("");
  await bob.tool("check_messages");
});

test("what the transcript shows before an answer of the model is acked, and proves the path", async () => {
  await using bob = await claude("shown");
  await bob.joined();
  const [id = ""] = await sendMany("shown", 1);
  const transcript = openClaudeTranscript(join(broker.home, "shown.jsonl"));
  const input = { hook_event_name: "PostToolUse", session_id: "ses-shown", transcript_path: transcript.path };
  const printed = await hook(broker, ["claude"], input);
  const { additionalContext } = Context.parse(JSON.parse(printed)).hookSpecificOutput;

  // Claude Code has taken what the hook printed; its model has not been given it yet, then it has not answered yet.
  transcript.hookPrinted(printed);
  transcript.answered(true);
  await hook(broker, ["claude"], input);
  transcript.attached(additionalContext);
  await hook(broker, ["claude"], input);
  expect((await deliveryOf(broker, id)).state).toBe("leased");
  transcript.answered();
  await hook(broker, ["claude"], { ...input, hook_event_name: "Stop" });
  await until(async () => (await deliveryOf(broker, id)).state === "acked", "the ack");
  expect((await deliveryOf(broker, id)).timeline.at(-1)).toMatchObject({ event: "acked", reason: "transcript" });
  const path = await until(async () => (await broker.admin.getAgent({ agent: "shown" })).pushPaths[0]?.provenAt);
  expect(path).toBeDefined();
});

test("mail at the end of a turn begins another one, at most three times in a row", async () => {
  await using bob = await claude("tireless");
  await bob.joined();
  const stop = { hook_event_name: "Stop", session_id: "ses-tireless", stop_hook_active: false };
  expect(await hook(broker, ["claude"], stop)).toBe("");
  for (let turn = 1; turn <= 3; turn++) {
    await sendMany("tireless", 1);
    const printed = await hook(broker, ["claude"], { ...stop, stop_hook_active: turn > 1 });
    expect(fences(Block.parse(JSON.parse(printed)).reason)).toBe(1);
  }
  const [last = ""] = await sendMany("tireless", 1);
  expect(await hook(broker, ["claude"], { ...stop, stop_hook_active: true })).toBe("");
  expect((await deliveryOf(broker, last)).outlook?.cause).toContain("tireless is reached by its hooks");
  expect(fences(await hook(broker, ["claude"], { ...stop, hook_event_name: "UserPromptSubmit" }))).toBe(0);
  await bob.tool("check_messages");
});

test("fyi rests, and a focus lets nothing through but an interrupt", async () => {
  await using bob = await claude("focused");
  await bob.joined();
  const send = (urgency: "fyi" | "normal" | "interrupt") =>
    sender.send({ to: "focused", body: `this is ${urgency}`, urgency });
  const prompt = { hook_event_name: "UserPromptSubmit", session_id: "ses-focused" };
  await send("fyi");
  expect(await hook(broker, ["claude"], prompt)).toBe("");
  await bob.tool("set_summary", { focus_minutes: 5 });
  await send("normal");
  expect(await hook(broker, ["claude"], prompt)).toBe("");
  await send("interrupt");
  const printed = await hook(broker, ["claude"], prompt);
  expect(printed).toContain("this is interrupt");
  expect(printed).not.toMatch(/this is (fyi|normal)|more wait/);
  await bob.tool("check_messages");
});

test("a subagent, another session and a stranger get nothing", async () => {
  await using bob = await claude("own");
  await bob.joined();
  await sendMany("own", 1);
  const input = { hook_event_name: "PostToolUse", session_id: "ses-own" };
  expect(await hook(broker, ["claude"], { ...input, agent_id: "a1" })).toBe("");
  expect(await hook(broker, ["claude"], { ...input, session_id: "x" }, { env: { CLAUDE_PID: "1" } })).toBe("");
  expect(await hook(broker, ["gemini"], { ...input, hook_event_name: "BeforeAgent" })).toBe("");
  expect(await hook(broker, ["claude"], input)).toContain("mail ");
  await bob.tool("check_messages");
});

test("a session that got a new id, as by /clear, is found by its process", async () => {
  await using bob = await claude("cleared");
  await bob.joined();
  await sendMany("cleared", 1);
  const moved = { session_id: "ses-after-clear" };
  await hook(broker, ["claude"], { ...moved, hook_event_name: "SessionStart", source: "clear" });
  const input = { ...moved, hook_event_name: "UserPromptSubmit" };
  expect(await hook(broker, ["claude"], input)).toContain("mail ");
  await bob.tool("check_messages");
});

test("while the inbox socket works, hooks bring nothing", async () => {
  await using inbox = await openClaudeInbox();
  const env = { CLAUDE_CODE_MESSAGING_SOCKET: inbox.path, CLAUDE_CODE_SESSION_ID: "ses-both" };
  await using bob = await session(broker, "both", { env });
  await bob.joined();
  // More than the stream takes at a time: even what is left waits for the socket.
  const ids = await sendMany("both", 18);
  const input = { hook_event_name: "PostToolUse", session_id: "ses-both" };
  await until(() => inbox.texts.reduce((sum, { text }) => sum + fences(text), 0) === 16, "sixteen pushed");
  expect(await hook(broker, ["claude"], input)).toBe("");
  expect(await hook(broker, ["claude"], { ...input, hook_event_name: "Stop" })).toBe("");
  expect((await deliveryOf(broker, ids[0] ?? "")).attempt).toBe(1);
  expect((await deliveryOf(broker, ids[17] ?? "")).attempt).toBe(0);
  const waiter = startHook(broker, ["claude", "--wait"], input, { env: { ...env, ...attended } });
  expect(await waiter.exit).toMatchObject({ code: 0 });
  await bob.tool("check_messages");
});

/** Set by Claude Code in a session with a person at it. */
const attended = { CLAUDE_CODE_SESSION_ATTENDED: "1" };

test("an idle session is woken by its waiting hook, and only one waits", async () => {
  await using bob = await claude("sleeper");
  await bob.joined();
  const input = { hook_event_name: "Stop", session_id: "ses-sleeper" };
  // Claude Code would stand still until the hook of a session that nobody attends is over.
  const unattended = startHook(broker, ["claude", "--wait"], input);
  expect(await unattended.exit).toMatchObject({ code: 0 });
  const first = startHook(broker, ["claude", "--wait"], input, { env: attended });
  await until(async () => (await broker.admin.getAgent({ agent: "sleeper" })).pushPaths.length === 1, "the waiter");
  const second = startHook(broker, ["claude", "--wait"], input, { env: attended });
  expect(await first.exit).toMatchObject({ code: 0 });
  const [id = ""] = await sendMany("sleeper", 1);
  expect(await second.exit).toMatchObject({ code: 2 });
  expect(second.stdout()).toBe("");
  expect(fences(second.stderr())).toBe(1);
  await until(async () => (await deliveryOf(broker, id)).events.includes("pushed"), "the push report");

  const third = startHook(broker, ["claude", "--wait"], input, { env: attended });
  await until(() => bob.stderr().split("wait=true").length === 4, "the third to wait");
  await bob.tool("check_messages");
  await bob.close();
  expect(await third.exit).toMatchObject({ code: 0 });
});

test("without an adapter or a broker a hook says nothing, ends well, and soon", async () => {
  using home = tempDir();
  const input = { hook_event_name: "PostToolUse", session_id: "nobody" };
  const ms = stopwatch();
  expect(await hook({ home: home.path }, ["claude"], input)).toBe("");
  assertInTime(ms(), 1_500);
  expect(await hook({ home: home.path }, ["claude", "--home", join(home.path, "none")], input)).toBe("");
  const broken = startHook({ home: home.path }, ["claude"], input);
  expect(await broken.exit).toMatchObject({ code: 0 });
  expect(await hook({ home: home.path }, ["cursor"], input)).toBe("");

  await using lost = await startTestBroker();
  await using bob = await session(lost, "lost", {
    env: { CLAUDE_CODE_SESSION_ID: "ses-lost", AGENTMESH_URL: "http://127.0.0.1:8" },
  });
  await bob.tool("whoami");
  expect(await hook(lost, ["claude"], { ...input, session_id: "ses-lost" })).toBe("");
});

test("Codex sessions of one process are told apart by their threads", async () => {
  const cwd = directory(broker, "daemon");
  const codex = { clientName: "codex-mcp-client", env: { AGENTMESH_PUSH: "codex-hooks" } };
  await using one = await session(broker, "daemon", codex);
  await using two = await session(broker, "daemon", codex);
  expect([await one.joined(), await two.joined()]).toEqual(["daemon", "daemon-2"]);
  await sendMany("daemon", 1);
  await sendMany("daemon-2", 1);
  const input = { hook_event_name: "UserPromptSubmit", session_id: "thread-2" };
  expect(await hook(broker, ["codex"], input, { cwd })).toBe("");
  await two.tool("whoami", {}, { threadId: "thread-2" });
  const printed = Context.parse(JSON.parse(await hook(broker, ["codex"], input, { cwd })));
  expect(fences(printed.hookSpecificOutput.additionalContext)).toBe(1);
  // Now only the first is left without a thread.
  expect(await hook(broker, ["codex"], { ...input, session_id: "thread-1" }, { cwd })).toContain("mail ");
  const stop = { hook_event_name: "Stop", session_id: "thread-1" };
  await sendMany("daemon", 1);
  expect(Block.parse(JSON.parse(await hook(broker, ["codex"], stop, { cwd }))).decision).toBe("block");
  await Promise.all([one.tool("check_messages"), two.tool("check_messages")]);
});

test("Gemini CLI is told in its own words", async () => {
  await using bob = await session(broker, "gem", { clientName: "gemini-cli-mcp-client" });
  await bob.joined();
  await sendMany("gem", 1);
  const session_id = "gemini-1";
  const printed = await hook(broker, ["gemini"], { hook_event_name: "BeforeAgent", session_id });
  expect(Context.parse(JSON.parse(printed)).hookSpecificOutput.hookEventName).toBe("BeforeAgent");
  await sendMany("gem", 1);
  const denied = await hook(broker, ["gemini"], { hook_event_name: "AfterAgent", session_id, stop_hook_active: false });
  expect(Block.parse(JSON.parse(denied)).decision).toBe("deny");
  await bob.tool("check_messages");
});
