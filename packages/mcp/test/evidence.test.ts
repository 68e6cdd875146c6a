/** Evidence: what proves a push path, what shows that one is broken, and what senders are told of it. */
import { dirname, join } from "node:path";
import {
  type ClaudeTranscript,
  openClaudeInbox,
  openClaudeTranscript,
  startTestBroker,
  type TestBroker,
  until,
} from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { byChannel, deliveryOf, endBroker, fences, hook, session, Waiting } from "./setting.ts";

let broker: TestBroker;
let sender: Awaited<ReturnType<TestBroker["agent"]>>["client"];
beforeAll(async () => {
  broker = await startTestBroker();
  sender = (await broker.agent("sender")).client;
});
afterAll(() => endBroker(broker));

/** So short that a broken path is found within the test. */
const SIGN_MS = "400";

/** The transcript of the Claude Code session of this name, where Claude Code would keep it. */
function transcriptOf(name: string, id = `ses-${name}`): ClaudeTranscript {
  return openClaudeTranscript(join(broker.home, "claude", "projects", `-work-${name}`, `${id}.jsonl`));
}

/** Environment of a session with an inbox socket, and with a transcript if it has one. */
function claude(name: string, socket: string, more: Record<string, string> = {}) {
  return {
    CLAUDE_CODE_MESSAGING_SOCKET: socket,
    CLAUDE_CODE_SESSION_ID: `ses-${name}`,
    CLAUDE_CONFIG_DIR: join(broker.home, "claude"),
    AGENTMESH_SIGN_MS: SIGN_MS,
    AGENTMESH_CANARY: "off",
    ...more,
  };
}

async function pathsOf(name: string) {
  return (await broker.admin.getAgent({ agent: name })).pushPaths;
}

test("a path that swallows everything is called failing, the next one is used, and nothing is lost", async () => {
  await using swallower = await openClaudeInbox();
  const env = claude("swallowed", swallower.path, { AGENTMESH_PUSH: "claude-inbox,claude-channel" });
  await using bob = await session(broker, "swallowed", { env });
  await bob.joined();
  const first = await sender.send({ to: "swallowed", body: "into the void" });
  expect(first.deliveries[0]?.recipient.pushPaths).toEqual([{ path: "claude-inbox" }, { path: "claude-channel" }]);
  const [inbox] = await until(async () => {
    const paths = await pathsOf("swallowed");
    return paths[0]?.failedWhy === undefined ? undefined : paths;
  }, "the path to be called failing");
  expect(inbox?.failedWhy).toMatch(/^no sign within .* s that the model was shown what was pushed at 20/);
  expect(inbox?.provenAt).toBeUndefined();

  await until(() => bob.channel.length === 1, "the second path");
  expect(bob.channel[0]?.content).toMatch(/^<agentmesh from="sender" message="1" [^>]*redelivered="true">\ninto/);
  await bob.tool("set_summary", { summary: `saw ${nonceIn(bob.channel[0]?.content)}` });
  const second = await sender.send({ to: "swallowed", body: "by the other path" });
  expect(second.deliveries[0]?.recipient.pushPaths[0]?.failedWhy).toContain("no sign");
  await until(() => bob.channel.some(({ content }) => content.includes("by the other path")), "the second message");
  expect(swallower.texts).toHaveLength(1);

  const { messages } = Waiting.parse((await bob.tool("check_messages")).data);
  expect(messages.map((message) => message.message_id)).toEqual(["1", "2"]);
  await until(async () => (await deliveryOf(broker, second.messageId)).state === "acked");
  expect((await deliveryOf(broker, first.messageId)).events.filter((event) => event === "pushed")).toHaveLength(2);
});

test("with its only path swallowing, senders are warned, and check_messages has everything once", async () => {
  await using swallower = await openClaudeInbox();
  const env = claude("void", swallower.path, { AGENTMESH_PUSH: "claude-inbox" });
  await using bob = await session(broker, "void", { env });
  await bob.joined();
  for (let n = 1; n <= 5; n++) await sender.send({ to: "void", body: `void ${n}` });
  await until(async () => (await pathsOf("void"))[0]?.failedWhy, "the path to be called failing");
  const last = await sender.send({ to: "void", body: "void 6" });
  expect(last.deliveries[0]?.warnings.map(({ code }) => code)).toEqual(["push_path_failing"]);
  const { messages } = Waiting.parse((await bob.tool("check_messages")).data);
  expect(messages.map((message) => message.message_id)).toEqual(["1", "2", "3", "4", "5", "6"]);
  await until(async () => (await broker.admin.getAgent({ agent: "void" })).queued === 0);
  // What was once shown in vain is not pushed again.
  expect(swallower.texts.reduce((sum, { text }) => sum + fences(text), 0)).toBeLessThanOrEqual(6);
});

test("a path that fails in silence leaves the mail to the session's hooks", async () => {
  await using swallower = await openClaudeInbox();
  await using bob = await session(broker, "hooked", { env: claude("hooked", swallower.path) });
  await bob.joined();
  const input = { hook_event_name: "UserPromptSubmit", session_id: "ses-hooked" };
  expect(await hook(broker, ["claude"], input)).toBe("");
  await hook(broker, ["claude"], { ...input, hook_event_name: "Stop" });
  const { messageId } = await sender.send({ to: "hooked", body: "first lost" });
  await until(() => swallower.texts.length === 1, "the push");
  await until(async () => (await pathsOf("hooked"))[0]?.failedWhy, "the path to be called failing");
  const printed = await until(() => hook(broker, ["claude"], input), "the hook to bring it");
  expect(printed).toMatch(/redelivered=.*first lost/);
  await until(async () => (await deliveryOf(broker, messageId)).timeline.some(({ path }) => path === "claude-hooks"));
  const next = await sender.send({ to: "hooked", body: "second" });
  expect(next.deliveries[0]?.warnings).toEqual([]);
  expect(await hook(broker, ["claude"], { ...input, hook_event_name: "PostToolUse" })).toContain("second");
  expect(swallower.texts).toHaveLength(1);
  await bob.tool("check_messages");
});

test("the transcript of a session proves its inbox socket and acks, without any hook or answer", async () => {
  const transcript = transcriptOf("seen");
  await using inbox = await openClaudeInbox((text) => {
    transcript.queued(text);
    transcript.prompted(text);
    transcript.answered();
  });
  await using bob = await session(broker, "seen", { env: claude("seen", inbox.path) });
  await bob.joined();
  const { messageId } = await sender.send({ to: "seen", body: "look" });
  await until(async () => (await deliveryOf(broker, messageId)).state === "acked", "the ack");
  expect((await deliveryOf(broker, messageId)).timeline.at(-1)).toMatchObject({ reason: "transcript" });
  expect((await pathsOf("seen"))[0]).toMatchObject({ path: "claude-inbox", provenAt: expect.any(String) });
  expect((await bob.tool("check_messages")).data).toEqual({ messages: [], more_waiting: 0 });
});

test("a session at work is sent a canary once, and its path is proven before any message", async () => {
  const transcript = transcriptOf("early");
  await using inbox = await openClaudeInbox((text) => {
    transcript.attached(text);
    transcript.answered();
  });
  await using bob = await session(broker, "early", { env: claude("early", inbox.path, { AGENTMESH_CANARY: "on" }) });
  await bob.joined();
  await bob.tool("whoami");
  await until(async () => (await pathsOf("early"))[0]?.provenAt, "the proof");
  await bob.tool("whoami");
  const { messageId, deliveries } = await sender.send({ to: "early", body: "look" });
  expect(deliveries[0]?.recipient.pushPaths[0]).toMatchObject({ path: "claude-inbox", provenAt: expect.any(String) });
  await until(async () => (await deliveryOf(broker, messageId)).state === "acked", "the ack");
  expect(inbox.texts.map(({ from }) => from)).toEqual(["agentmesh:mesh", "agentmesh:sender"]);
});

test("a busy session is given time, and what waits in its queue is no silence", async () => {
  const transcript = transcriptOf("busy");
  await using inbox = await openClaudeInbox();
  await using bob = await session(broker, "busy", { env: claude("busy", inbox.path) });
  await bob.joined();
  transcript.prompted("work");
  transcript.answered(true);
  const working = await sender.send({ to: "busy", body: "while you work" });
  await until(() => inbox.texts.length === 1, "the push");
  await passed(Number(SIGN_MS) * 2);
  expect((await pathsOf("busy"))[0]?.failedWhy).toBeUndefined();
  transcript.attached(inbox.texts[0]?.text ?? "");
  transcript.answered();
  await until(async () => (await deliveryOf(broker, working.messageId)).state === "acked", "the ack");

  const waiting = await sender.send({ to: "busy", body: "in your queue" });
  await until(() => inbox.texts.length === 2, "the second push");
  transcript.queued(inbox.texts[1]?.text ?? "");
  await passed(Number(SIGN_MS) * 2);
  expect((await pathsOf("busy"))[0]?.failedWhy).toBeUndefined();
  expect((await deliveryOf(broker, waiting.messageId)).state).toBe("leased");
  await bob.tool("check_messages");
});

test("a session that goes on in another transcript, as after /clear, is still seen", async () => {
  const before = transcriptOf("renewed");
  const after = join(dirname(before.path), "ses-after-clear.jsonl");
  await using inbox = await openClaudeInbox((text) => {
    const transcript = openClaudeTranscript(after);
    transcript.prompted(text);
    transcript.answered();
  });
  await using bob = await session(broker, "renewed", { env: claude("renewed", inbox.path) });
  await bob.joined();
  const { messageId } = await sender.send({ to: "renewed", body: "look" });
  await until(async () => (await deliveryOf(broker, messageId)).state === "acked", "the ack");
  expect((await pathsOf("renewed"))[0]?.failedWhy).toBeUndefined();
});

test("an answer ends the silence of a path, and proves it again", async () => {
  await using bob = await session(broker, "late", { env: { ...byChannel, AGENTMESH_SIGN_MS: SIGN_MS } });
  await bob.joined();
  await sender.send({ to: "late", body: "take your time" });
  await until(async () => (await pathsOf("late"))[0]?.failedWhy, "the path to be called failing");
  await bob.tool("reply", { message_id: "1", message: "here I am" });
  const [path] = await until(async () => {
    const paths = await pathsOf("late");
    return paths[0]?.provenAt === undefined ? undefined : paths;
  }, "the proof");
  expect(path?.failedWhy).toBeUndefined();
});

test("the nonce of a push in any tool call proves the path", async () => {
  await using bob = await session(broker, "echo", { env: byChannel });
  await bob.joined();
  await sender.send({ to: "echo", body: "ping" });
  await until(() => bob.channel.length === 1, "the push");
  await bob.tool("set_summary", { summary: `saw ${nonceIn(bob.channel[0]?.content)}` });
  await until(async () => (await pathsOf("echo"))[0]?.provenAt, "the proof");
  await bob.tool("check_messages");
});

/** The word by which a pushed text is known. */
function nonceIn(text = ""): string {
  return /\(push (\w{10})\)$/.exec(text)?.[1] ?? "none";
}

/** Time itself is the subject: nothing may happen while it passes. */
function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
