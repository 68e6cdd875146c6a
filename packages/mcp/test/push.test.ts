/** Push: what goes through a path, what is in hand, and what stays for check_messages when a path is deaf. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openClaudeInbox, startTestBroker, stopwatch, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deliveryOf, endBroker, fences, session, Waiting } from "./setting.ts";

let broker: TestBroker;
let sender: Awaited<ReturnType<TestBroker["agent"]>>["client"];
beforeAll(async () => {
  broker = await startTestBroker();
  sender = (await broker.agent("sender")).client;
});
afterAll(() => endBroker(broker));

async function sendMany(to: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 1; n <= count; n++) ids.push((await sender.send({ to, body: `number ${n}` })).messageId);
  return ids;
}

test("a push that nobody looks at leaves every message for check_messages, once and in order (T02)", async () => {
  await using deaf = await openClaudeInbox();
  await using bob = await session(broker, "deaf", { env: { CLAUDE_CODE_MESSAGING_SOCKET: deaf.path } });
  await bob.joined();
  const ids = await sendMany("deaf", 5);
  await until(() => deaf.texts.reduce((sum, { text }) => sum + fences(text), 0) === 5, "five pushes");
  for (const id of ids) expect((await deliveryOf(broker, id)).state).toBe("leased");

  const { messages, more_waiting } = Waiting.parse((await bob.tool("check_messages")).data);
  expect(messages.map((message) => message.message_id)).toEqual(["1", "2", "3", "4", "5"]);
  expect(messages.every((message, n) => message.text.includes(`>\nnumber ${n + 1}\n<`))).toBe(true);
  expect(more_waiting).toBe(0);
  await until(async () =>
    (await Promise.all(ids.map((id) => deliveryOf(broker, id)))).every((d) => d.state === "acked"),
  );
  expect((await deliveryOf(broker, ids[0] ?? "")).timeline.at(-1)).toMatchObject({ event: "acked", reason: "read" });
  expect((await bob.tool("check_messages")).data).toEqual({ messages: [], more_waiting: 0 });
  // Reading by check_messages says nothing about the path.
  expect(JSON.stringify((await bob.tool("whoami")).data.push)).not.toContain("proven 20");
});

test("when the inbox socket is gone the channel takes over, and senders are told why", async () => {
  const env = {
    AGENTMESH_PUSH: "claude-inbox,claude-channel",
    CLAUDE_CODE_MESSAGING_SOCKET: join(broker.home, "gone.sock"),
  };
  await using bob = await session(broker, "fallback", { env });
  await bob.joined();
  const [id = ""] = await sendMany("fallback", 1);
  await until(() => bob.channel.length > 0, "the channel event");
  expect(Object.keys(bob.channel[0]?.meta ?? {}).sort()).toEqual(["from", "message_id", "sent_at", "thread_id"]);
  await until(async () => (await deliveryOf(broker, id)).timeline.some((entry) => entry.path === "claude-channel"));
  const why = await until(async () => {
    const { pushPaths } = await broker.admin.getAgent({ agent: "fallback" });
    return pushPaths[0]?.failedWhy;
  }, "the reason in bob's row");
  expect(why).toMatch(/\(ENOENT\)$/);
});

test("why a path failed is told to all as cause and code, and in whole to the adapter's log alone", async () => {
  const place = join(broker.home, "in-the-way");
  writeFileSync(place, "");
  const env = { AGENTMESH_PUSH: "claude-inbox", CLAUDE_CODE_MESSAGING_SOCKET: join(place, "x.sock") };
  await using bob = await session(broker, "walled", { env });
  await bob.joined();
  const [id = ""] = await sendMany("walled", 1);
  await until(async () => (await deliveryOf(broker, id)).events.includes("nacked"), "the return");
  const [path] = (await broker.admin.getAgent({ agent: "walled" })).pushPaths;
  const { timeline } = await deliveryOf(broker, id);
  for (const told of [path?.failedWhy, ...timeline.flatMap(({ reason }) => (reason?.includes("(E") ? [reason] : []))]) {
    expect(told).toMatch(/\(ENOTDIR\)$/);
    expect(told).not.toContain(place);
    expect(told).not.toContain("Move it");
  }
  expect(bob.stderr()).toMatch(/push\.failed .*in-the-way.*\(ENOTDIR\)\. [A-Z]/);
});

test("when every path fails the message returns to the inbox and check_messages has it", async () => {
  const env = { AGENTMESH_PUSH: "claude-inbox", CLAUDE_CODE_MESSAGING_SOCKET: join(broker.home, "gone.sock") };
  await using bob = await session(broker, "cut-off", { env });
  await bob.joined();
  const [id = ""] = await sendMany("cut-off", 1);
  await until(async () => (await deliveryOf(broker, id)).events.includes("nacked"), "the return");
  expect(await deliveryOf(broker, id)).toMatchObject({ state: "queued", attempt: 1 });
  const again = await sender.send({ to: "cut-off", body: "number 2" });
  expect(again.deliveries[0]?.warnings.map((warning) => warning.code)).toContain("push_path_failing");
  const seen: string[] = [];
  await until(async () => {
    const { messages } = Waiting.parse((await bob.tool("check_messages")).data);
    seen.push(...messages.map((message) => message.message_id));
    return seen.length >= 2;
  });
  expect(seen.sort()).toEqual(["1", "2"]);
});

test("a socket that takes the text and does not close has it: it is pushed, unproven, and not again at once", async () => {
  await using inbox = await openClaudeInbox(undefined, { keepsOpen: true });
  await using bob = await session(broker, "lingering", { env: { CLAUDE_CODE_MESSAGING_SOCKET: inbox.path } });
  await bob.joined();
  const [id = ""] = await sendMany("lingering", 1);
  await until(async () => (await deliveryOf(broker, id)).events.includes("pushed"), "the report of the push");
  // The next message is pushed after the first would have been tried again, had it failed.
  const [next = ""] = await sendMany("lingering", 1);
  await until(async () => (await deliveryOf(broker, next)).events.includes("pushed"), "the second push");
  for (const sent of [id, next]) {
    expect(await deliveryOf(broker, sent)).toMatchObject({ state: "leased", attempt: 1 });
    expect((await deliveryOf(broker, sent)).events).not.toContain("push_failed");
  }
  expect(inbox.texts.map(({ text }) => fences(text))).toEqual([1, 1]);
});

test("a burst of thirty becomes few texts, and nothing is lost", async () => {
  await using inbox = await openClaudeInbox();
  await using bob = await session(broker, "busy", { env: { CLAUDE_CODE_MESSAGING_SOCKET: inbox.path } });
  await bob.joined();
  const ms = stopwatch();
  await Promise.all(Array.from({ length: 30 }, (_, n) => sender.send({ to: "busy", body: `burst ${n}` })));
  await until(() => inbox.texts.reduce((sum, { text }) => sum + fences(text), 0) >= 16, "sixteen pushed");
  // Three, and one for each second that a busy machine took over it.
  expect(inbox.texts.length).toBeLessThanOrEqual(3 + Math.floor(ms() / 1_000));

  const read: string[] = [];
  for (let more = 1; more > 0; ) {
    const page = Waiting.parse((await bob.tool("check_messages")).data);
    expect(page.messages.length).toBeLessThanOrEqual(25);
    read.push(...page.messages.map((message) => message.message_id));
    more = page.more_waiting;
  }
  expect(read).toEqual(Array.from({ length: 30 }, (_, n) => String(n + 1)));
  await until(async () => (await broker.admin.getAgent({ agent: "busy" })).queued === 0);
});

test("a backlog is pushed up to the credit, and the text says what waits behind it", async () => {
  const visit = await session(broker, "backlog");
  await visit.joined();
  await visit.close();
  await sendMany("backlog", 20);
  await using inbox = await openClaudeInbox();
  await using bob = await session(broker, "backlog", { env: { CLAUDE_CODE_MESSAGING_SOCKET: inbox.path } });
  await bob.joined();
  await until(() => inbox.texts.length > 0, "the push");
  expect(fences(inbox.texts[0]?.text ?? "")).toBe(16);
  expect(inbox.texts[0]?.text).toContain("\n4 more wait in your inbox: call the agentmesh tool check_messages.\n");
});

test("what arrives after a push is collected into one text a second later", async () => {
  await using inbox = await openClaudeInbox();
  await using bob = await session(broker, "steady", { env: { CLAUDE_CODE_MESSAGING_SOCKET: inbox.path } });
  await bob.joined();
  await sendMany("steady", 1);
  await until(() => inbox.texts.length === 1, "the first text");
  await sendMany("steady", 3);
  await until(() => inbox.texts.length === 2, "the second text");
  expect(fences(inbox.texts[1]?.text ?? "")).toBe(3);
  expect((inbox.texts[1]?.at ?? 0) - (inbox.texts[0]?.at ?? 0)).toBeGreaterThan(950);
});

test("an adapter killed after its push is resumed by the next session of the directory, with the message (T01, T08)", async () => {
  await using inbox = await openClaudeInbox();
  const env = { CLAUDE_CODE_MESSAGING_SOCKET: inbox.path };
  const first = await session(broker, "mortal", { env });
  expect(await first.joined()).toBe("mortal");
  const [id = ""] = await sendMany("mortal", 1);
  await until(async () => (await deliveryOf(broker, id)).events.includes("pushed"), "the first push");
  process.kill(first.pid, "SIGKILL");
  await first.close();

  await using second = await session(broker, "mortal", { env });
  expect(await second.joined()).toBe("mortal");
  await until(() => inbox.texts.length === 2, "the second push");
  expect(inbox.texts[0]?.text).not.toContain("redelivered");
  expect(inbox.texts[1]?.text).toMatch(
    /^<agentmesh from="sender" message="1" sent="[^"]+" redelivered="true">\nnumber 1\n/,
  );
  expect(await deliveryOf(broker, id)).toMatchObject({ attempt: 2, state: "leased" });
  expect((await second.tool("reply", { message_id: "1", message: "got it" })).isError).toBe(false);
  expect((await deliveryOf(broker, id)).state).toBe("acked");
});
