/** What receivers can rely on: one reader at a time, mail that outlives them, order, and leases that are theirs alone. */
import { startReceiver, startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker({
    env: { AGENTMESH_STREAM_GRACE_MS: "100" },
  });
});
afterAll(() => broker[Symbol.asyncDispose]());

const numbers = (count: number) => Array.from({ length: count }, (_, n) => String(n));

test("two readers of one inbox, a stream and a poll, share 200 messages: each comes to one of them, once (T03)", async () => {
  const alice = await broker.agent("t03-alice");
  const bob = await broker.agent("t03-bob");
  await Promise.all(numbers(200).map((body) => alice.client.send({ to: "t03-bob", body })));
  const session = await bob.client.join();
  const streamed: number[] = [];
  const polled: number[] = [];
  const over = new AbortController();
  const streaming = (async () => {
    for await (const delivery of session.inbox({ maxInFlight: 1, signal: over.signal })) {
      streamed.push(delivery.seq);
      await delivery.ack();
    }
  })();
  for (let last = { queued: 1 }; last.queued > 0; ) {
    const { deliveries, queued } = await bob.client.lease({ max: 1 });
    for (const { seq } of deliveries) polled.push(seq);
    for (const { seq } of deliveries) await bob.client.ack({ delivery: String(seq) });
    last = { queued };
  }
  await until(async () => (await bob.client.listInbox()).open === 0, "an empty inbox");
  over.abort();
  await streaming;
  await session.leave();
  expect([...streamed, ...polled].sort((a, b) => a - b)).toEqual(numbers(200).map((n) => Number(n) + 1));
  expect(Math.min(streamed.length, polled.length)).toBeGreaterThan(0);
  const { entries } = await broker.admin.listInbox({ agent: "t03-bob", state: "all", limit: 25 });
  expect(entries.every(({ attempt, state }) => attempt === 1 && state === "acked")).toBe(true);
});

test("an agent that was away past every sweep and a broker's crash has its name, its mail and its subscriptions (T05)", async () => {
  const env = { AGENTMESH_STALE_AFTER_MS: "200", AGENTMESH_OFFLINE_AFTER_MS: "400" };
  await using broker = await startTestBroker({ env });
  const alice = await broker.agent("t05-alice");
  const bob = await broker.agent("t05-bob");
  await bob.client.subscribe({ topic: "build.>" });
  await bob.client.openSession();
  const presence = async () => (await broker.admin.getAgent({ agent: "t05-bob" })).presence;
  await until(async () => (await presence()) === "offline", "bob to be offline");
  await alice.client.send({ to: "t05-bob", body: "while you were away" });
  await alice.client.publish({ topic: "build.api.failed", body: "red" });
  await broker.kill("SIGKILL");
  await broker.start();
  const again = await broker.admin.register({ name: "whatever", token: bob.token });
  expect([again.created, again.agent.id, again.agent.name]).toEqual([false, bob.agent.id, "t05-bob"]);
  await alice.client.publish({ topic: "build.api", body: "green" });
  const { deliveries } = await bob.client.lease();
  expect(deliveries.map(({ message }) => message.body)).toEqual(["while you were away", "red", "green"]);
});

test("an ack counts for the owner alone, and under a lease that ran out not against the next holder (T09)", async () => {
  const alice = await broker.agent("t09-alice");
  const bob = await broker.agent("t09-bob");
  const { messageId } = await alice.client.send({ to: "t09-bob", body: "x" });
  const [first] = (await bob.client.lease({ leaseMs: 1_000 })).deliveries;
  const refusal = (act: Promise<unknown>) => act.catch(({ status, code }) => [status, code]);
  const delivery = first?.id ?? "1";
  expect(await refusal(alice.client.ack({ delivery }))).toEqual([404, "delivery_not_found"]);
  const [second] = (await bob.client.lease({ waitMs: 5_000 })).deliveries;
  expect(second).toMatchObject({ id: first?.id, attempt: 2, redelivered: true });
  const stale = bob.client.ack({ delivery, ...(first && { receipt: first.receipt }) });
  expect(await refusal(stale)).toEqual([409, "lease_lost"]);
  const status = await alice.client.getMessage({ message: messageId });
  expect(status.deliveries[0]).toMatchObject({ state: "leased", attempt: 2 });
  await bob.client.ack({ delivery, ...(second && { receipt: second.receipt }) });
});

test("500 messages of five senders within moments are in one order, each sender's own in its (T10)", async () => {
  const bob = await broker.agent("t10-bob");
  const senders = await Promise.all(["a", "b", "c", "d", "e"].map((name) => broker.agent(`t10-${name}`)));
  await Promise.all(
    senders.map(async ({ client }) => {
      for (const body of numbers(100)) await client.send({ to: "t10-bob", body });
    }),
  );
  const read = async () => {
    const all = [];
    for (let after = 0; all.length < 500; after += 25)
      all.push(...(await bob.client.listInbox({ after, limit: 25 })).entries);
    return all;
  };
  const entries = await read();
  expect(entries.map(({ seq }) => seq)).toEqual(numbers(500).map((n) => Number(n) + 1));
  for (const { agent } of senders) {
    const own = entries.filter(({ message }) => message.from.id === agent.id).map(({ message }) => message.body);
    expect(own).toEqual(numbers(100));
  }
  // Times alone would not tell them apart.
  expect(new Set(entries.map(({ message }) => message.acceptedAt)).size).toBeLessThan(500);
  expect((await read()).map(({ id }) => id)).toEqual(entries.map(({ id }) => id));
});

test("a receiver killed with mail in hand is not called online, and its next session has the mail (T01, T06)", async () => {
  const alice = await broker.agent("t06-alice");
  const bob = await broker.agent("t06-bob");
  await using receiver = await startReceiver(broker, bob, { leaseMs: 60_000, workMs: 60_000 });
  const { messageId } = await alice.client.send({ to: "t06-bob", body: "in hand" });
  const state = async () => (await alice.client.getMessage({ message: messageId })).deliveries[0]?.state;
  await until(async () => (await state()) === "leased", "the receiver to take it");
  receiver.child.kill("SIGKILL");
  await until(async () => (await state()) === "queued", "the lease to come back");
  const { deliveries } = await alice.client.send({ to: "t06-bob", body: "and now?" });
  expect(deliveries[0]).toMatchObject({ state: "queued" });
  expect(deliveries[0]?.recipient.presence).not.toBe("online");
  expect(deliveries[0]?.warnings.map(({ code }) => code).join()).toMatch(/recipient_(stale|offline)/);
  const session = await bob.client.join();
  const inbox = session.inbox();
  const [first, second] = [(await inbox.next()).value, (await inbox.next()).value];
  expect(first).toMatchObject({ body: "in hand", message: { id: messageId }, attempt: 2, redelivered: true });
  expect(second).toMatchObject({ body: "and now?", attempt: 1, redelivered: false });
  await Promise.all([first?.ack(), second?.ack()]);
  await session.leave();
});
