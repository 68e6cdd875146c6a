/** Asks and publishes: answered, pending, late, refused when they could only wait for each other, reminded when overdue. */
import type { SessionId } from "@agentmesh/protocol";
import { sampleOf, startTestBroker, type TestAgent, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

test("an ask resolves to the answer, which is acked by it and not shown twice", async () => {
  const alice = await broker.agent("alice");
  const bob = await broker.agent("bob");
  const session = await alice.client.join();
  const over = new AbortController();
  const streamed: string[] = [];
  const reading = (async () => {
    for await (const delivery of session.inbox({ signal: over.signal })) streamed.push(delivery.body);
  })();
  const asking = alice.client.ask({ to: "bob", body: "which port?", timeoutMs: 10_000 });
  const [question] = (await bob.client.lease({ waitMs: 5_000 })).deliveries;
  expect((await bob.client.listAsks()).owed).toMatchObject([
    { from: { name: "alice" }, seq: 1, preview: "which port?" },
  ]);
  await bob.client.send({ inReplyTo: question?.id ?? "1", body: "4711" });
  const answer = await asking;
  expect(answer).toMatchObject({ status: "replied", reply: { body: "4711", from: { name: "bob" } } });
  await until(
    async () => (await alice.client.listInbox({ state: "all" })).entries[0]?.state === "acked",
    "the answer to be acked",
  );
  expect((await bob.client.listAsks()).owed).toEqual([]);
  over.abort();
  await reading;
  expect(streamed).toEqual([]);
  await session.leave();
});

test("time over is pending and no failure; the late answer lands in the asker's inbox (T18)", async () => {
  const carol = await broker.agent("carol");
  const dave = await broker.agent("dave");
  const answer = await carol.client.ask({ to: "dave", body: "are you there?", timeoutMs: 100 });
  expect(answer).toMatchObject({
    status: "pending",
    delivery: { state: "queued", recipient: { presence: "offline" } },
  });
  expect((await carol.client.listAsks()).waiting).toHaveLength(1);
  await dave.client.send({ inReplyTo: "1", body: "now I am" });
  const [late] = (await carol.client.lease()).deliveries;
  expect(late?.message).toMatchObject({ body: "now I am", inReplyTo: answer.messageId });
  await carol.client.ack({ delivery: "1" });
  expect((await carol.client.listAsks()).waiting).toEqual([]);
});

test("crossed asks and rings of asks are refused at once, until somebody no longer waits (T39)", async () => {
  const a = await broker.agent("ring-a");
  const b = await broker.agent("ring-b");
  const c = await broker.agent("ring-c");
  const asks = (from: TestAgent, to: string, timeoutMs: number) => from.client.ask({ to, body: "?", timeoutMs });
  const waits = [asks(a, "ring-b", 5_000), asks(b, "ring-c", 5_000)];
  const open = async (agent: string) => (await broker.admin.listInbox({ agent })).open;
  await until(async () => (await open("ring-b")) === 1 && (await open("ring-c")) === 1, "both asks");
  await expect(asks(b, "ring-a", 100)).rejects.toMatchObject({ code: "would_deadlock" });
  await expect(asks(c, "ring-a", 100)).rejects.toMatchObject({
    code: "would_deadlock",
    message: expect.stringContaining("ring-a is waiting for an answer that depends on ring-c"),
  });
  await expect(asks(c, "ring-c", 100)).rejects.toMatchObject({ code: "would_deadlock" });
  await c.client.send({ inReplyTo: "1", body: "!" });
  await b.client.send({ inReplyTo: "1", body: "!" });
  expect((await Promise.all(waits)).map(({ status }) => status)).toEqual(["replied", "replied"]);
  expect(await asks(c, "ring-a", 50)).toMatchObject({ status: "pending" });
});

test("an overdue answer is asked for once, then the asker is told once; a broker restart changes nothing", async () => {
  const eve = await broker.agent("eve");
  const fred = await broker.agent("fred");
  await eve.client.ask({ to: "fred", body: "when is it done?", timeoutMs: 50, answerWithinMs: 1_000 });
  await fred.client.ack({ delivery: "1" });
  const notices = async ({ client }: TestAgent) =>
    (await client.listInbox()).entries.map(({ message }) => [message.kind, message.body.split("“")[0]?.trim()]);
  await until(async () => (await notices(fred)).length === 1, "the nudge");
  expect(await notices(fred)).toEqual([["nudge", "eve still waits for your answer to #1:"]]);
  await broker.kill("SIGKILL");
  await broker.start();
  await until(async () => (await notices(eve)).length === 1, "the notice to the asker");
  expect(await notices(eve)).toEqual([
    ["bounce", "fred has not answered your question in time, and was reminded once:"],
  ]);
  expect((await broker.admin.listAsks()).owed.filter(({ from }) => from.name === "eve")).toEqual([]);
  expect(await notices(fred)).toHaveLength(1);
});

test("of what was published a recipient sees its own delivery, the sender sees all", async () => {
  const [ivy, jan, kim] = [await broker.agent("ivy"), await broker.agent("jan"), await broker.agent("kim")];
  for (const { client } of [jan, kim]) await client.subscribe({ topic: "news.>" });
  const { messageId } = await ivy.client.publish({ topic: "news.today", body: "hello" });
  const seenBy = async ({ client }: TestAgent) =>
    (await client.getMessage({ message: messageId })).deliveries.map(({ to }) => to.name);
  expect(await seenBy(ivy)).toEqual(["jan", "kim"]);
  expect(await seenBy(kim)).toEqual(["kim"]);
});

test("the same ask made again waits for the same answer and is stored once", async () => {
  const gina = await broker.agent("gina");
  const hugo = await broker.agent("hugo");
  const question = { to: "hugo", body: "?", idempotencyKey: "q-1", timeoutMs: 50 };
  const first = await gina.client.ask(question);
  await hugo.client.send({ inReplyTo: "1", body: "!" });
  expect(await gina.client.ask(question)).toMatchObject({
    status: "replied",
    messageId: first.messageId,
    duplicate: true,
    reply: { body: "!" },
  });
  expect((await hugo.client.listInbox({ state: "all" })).entries).toHaveLength(1);
});

test("an answer under a lease is the asker's to ack: unacked it comes again when the lease ends, or its session does", async () => {
  const ivo = await broker.agent("ivo");
  const jane = await broker.agent("jane");
  const state = async () => (await ivo.client.listInbox({ state: "all", order: "newest" })).entries[0]?.state;
  const ask = async (lease: { leaseMs?: number; session?: SessionId }) => {
    const asking = ivo.client.ask({ to: "jane", body: "?", timeoutMs: 20_000, lease });
    const [question] = (await jane.client.lease({ waitMs: 20_000 })).deliveries;
    await jane.client.send({ inReplyTo: question?.id ?? "1", body: "!" });
    const { reply, replyDelivery } = await asking;
    expect(reply?.body).toBe("!");
    expect(await state()).toBe("leased");
    if (!replyDelivery?.receipt) throw new Error("the answer is not leased");
    return { delivery: replyDelivery.id, receipt: replyDelivery.receipt };
  };

  const shown = await ask({});
  await ivo.client.ack({ ...shown, evidence: "read" });
  expect(await state()).toBe("acked");

  const { delivery } = await ask({ leaseMs: 1_000 });
  const [again] = (await ivo.client.lease({ waitMs: 20_000 })).deliveries;
  expect(again).toMatchObject({ id: delivery, redelivered: true, message: { body: "!" } });
  await ivo.client.ack({ delivery });

  const session = await ivo.client.join();
  await ask({ session: session.id });
  await session.leave();
  expect(await state()).toBe("queued");
  const over = ivo.client.ask({ to: "jane", body: "?", timeoutMs: 50, lease: { session: session.id } });
  await expect(over).rejects.toMatchObject({ code: "session_not_found" });
});

test("an answer that comes when its asker's connection has gone is not acked, and waits in the inbox", async () => {
  const kit = await broker.agent("kit");
  const lou = await broker.agent("lou");
  const question = { to: "lou", body: "?", waitMs: 30_000 };
  for (const lease of sampleOf([undefined, {}], 1)) {
    const gone = new AbortController();
    const asking = fetch(`${broker.url}/v1/asks`, {
      ...{
        method: "POST",
        signal: gone.signal,
        body: JSON.stringify({ ...question, lease }),
      },
      headers: { authorization: `Bearer ${kit.token}`, "content-type": "application/json" },
    }).catch(() => "gone");
    const [asked] = (await lou.client.lease({ waitMs: 20_000 })).deliveries;
    gone.abort();
    expect(await asking).toBe("gone");
    await lou.client.send({ inReplyTo: asked?.id ?? "1", body: "!" });
    const [late] = (await kit.client.lease({ waitMs: 20_000 })).deliveries;
    expect(late).toMatchObject({ attempt: 1, message: { inReplyTo: asked?.message.id } });
    await kit.client.ack({ delivery: late?.id ?? "1" });
  }
});
