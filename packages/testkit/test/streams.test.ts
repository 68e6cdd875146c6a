/** Push streams: redelivery after a receiver is gone, reconnects, stopping with many of them open. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MeshClient } from "@agentmesh/client";
import { assertInTime, bareStream, startTestBroker, stopwatch, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** Makes the store fail wherever a streamed lease is returned, and nowhere else. */
function brokenReturns(home: string): Disposable & { mend(): void } {
  const db = new DatabaseSync(join(home, "mesh.db"), { timeout: 10_000 });
  db.exec(`CREATE TRIGGER broken BEFORE UPDATE OF stream_position ON delivery
    WHEN OLD.stream_position IS NOT NULL AND NEW.state = 'queued'
    BEGIN SELECT RAISE(ABORT, 'what is held cannot come back'); END`);
  return { mend: () => db.exec("DROP TRIGGER broken"), [Symbol.dispose]: () => db.close() };
}

describe("a stream", () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await startTestBroker({ env: { AGENTMESH_STREAM_GRACE_MS: "200" } });
  });
  afterAll(() => broker[Symbol.asyncDispose]());

  const stateOf = async (message: `msg_${string}`) => (await broker.admin.getMessage({ message })).deliveries[0];

  test("pushes a message as soon as it is accepted, and the sender is told how the recipient is reached", async () => {
    const alice = await broker.agent("alice");
    const bob = await broker.agent("bob");
    const session = await bob.client.join({ pushPaths: [{ path: "stream" }] });
    const inbox = session.inbox();
    const next = inbox.next();
    const sent = await alice.client.send({ to: "bob", body: "hello" });
    expect(sent.deliveries[0]).toMatchObject({
      seq: 1,
      state: "queued",
      recipient: { presence: "online", pushPaths: [{ path: "stream" }], queued: 1 },
      warnings: [],
    });
    const { value: delivery } = await next;
    expect(delivery).toMatchObject({ seq: 1, attempt: 1, redelivered: false, body: "hello", from: "alice" });
    expect(await stateOf(sent.messageId)).toMatchObject({ state: "leased", holder: session.id });
    await delivery?.ack();
    expect(await stateOf(sent.messageId)).toMatchObject({ state: "acked" });
    await session.leave();
    expect((await broker.admin.getAgent({ agent: "bob" })).presence).toBe("offline");
  });

  test("whose receiver is gone before the ack gives the message to the next session, same id, attempt 2 (T01)", async () => {
    const alice = await broker.agent("anna");
    const bob = await broker.agent("bert");
    const sent = await alice.client.send({ to: "bert", body: "x" });
    const gone = new AbortController();
    const first = await bob.client.join();
    const { value: taken } = await first.inbox({ signal: gone.signal, leaseMs: 600_000 }).next();
    gone.abort();
    const second = await bob.client.join();
    const { value: again } = await second.inbox().next();
    expect(again).toMatchObject({ id: taken?.id, message: { id: sent.messageId }, attempt: 2, redelivered: true });
    await again?.ack();
    await Promise.all([first.leave(), second.leave()]);
  });

  test("that nobody reads gives its mail to the agent's next session once its lease ran out, though its own looks alive", async () => {
    const alice = await broker.agent("agnes");
    const bob = await broker.agent("bruno");
    using _unread = await bareStream(broker, bob, "maxInFlight=4&leaseMs=1000");
    const sent = Array.from({ length: 10 }, (_, n) => String(n));
    for (const body of sent) await alice.client.send({ to: "bruno", body });
    const taken = async () =>
      (await broker.admin.listInbox({ agent: "bruno" })).entries.filter((each) => each.attempt > 0);
    await until(async () => (await taken()).length === 4, "the stream's leases");
    const next = await bob.client.join();
    const inbox = next.inbox();
    const got: (string | undefined)[] = [];
    for (const _ of sent) {
      const { value } = await inbox.next();
      got.push(value?.body);
      await value?.ack();
    }
    expect(got.toSorted()).toEqual(sent);
    const { deliveries } = await broker.admin.status();
    expect(deliveries).toMatchObject({ queued: 0, leased: 0 });
    await next.leave();
  });

  test("that breaks makes its agent stale at once, not only after missed heartbeats; the next heartbeat mends it", async () => {
    const bob = await broker.agent("bela");
    const gone = new AbortController();
    const session = await bob.client.join();
    const reading = session.inbox({ signal: gone.signal }).next();
    const presence = async () => (await broker.admin.getAgent({ agent: "bela" })).presence;
    await until(async () => (await broker.admin.status()).streams === 1, "the stream to open");
    expect(await presence()).toBe("online");
    gone.abort();
    await reading;
    await until(async () => (await presence()) === "stale", "bela to be stale");
    await session.heartbeat();
    expect(await presence()).toBe("online");
    await session.leave();
  });

  test("goes on after a broker restart with the same session, and what was held is redelivered, not lost", async () => {
    const alice = await broker.agent("ada");
    const bob = await broker.agent("bob-2");
    const session = await bob.client.join();
    const inbox = session.inbox();
    await alice.client.send({ to: "bob-2", body: "one" });
    const { value: one } = await inbox.next();
    await broker.kill("SIGKILL");
    await broker.start();
    await alice.client.send({ to: "bob-2", body: "two" });
    const { value: again } = await inbox.next();
    expect(again).toMatchObject({ id: one?.id, attempt: 2, body: "one" });
    const { value: two } = await inbox.next();
    expect(two).toMatchObject({ attempt: 1, body: "two" });
    await Promise.all([again?.ack(), two?.ack()]);
    await session.leave();
  });

  test("of a session the broker no longer knows is opened again with a new one, for the same agent", async () => {
    const alice = await broker.agent("aida");
    const bob = await broker.agent("boris");
    const session = await bob.client.join();
    const inbox = session.inbox();
    const waiting = inbox.next();
    const before = session.id;
    await until(async () => (await broker.admin.status()).streams === 1, "the stream to open");
    await bob.client.endSession({ session: before });
    await until(() => session.id !== before, "a new session");
    await alice.client.send({ to: "boris", body: "still there?" });
    const { value } = await waiting;
    expect(value?.body).toBe("still there?");
    await value?.ack();
    await session.leave();
  });

  test("of a session that missed its heartbeats, as after the machine has slept, ends; its client is back at once", async () => {
    // Its client beats once in 15 s.
    await using strict = await startTestBroker({ env: { AGENTMESH_OFFLINE_AFTER_MS: "5000" } });
    const alice = await strict.agent("early-bird");
    const bob = await strict.agent("sleeper");
    const session = await bob.client.join();
    const inbox = session.inbox();
    const first = inbox.next();
    await alice.client.send({ to: "sleeper", body: "good night" });
    await (await first).value?.ack();
    const next = inbox.next();
    const before = session.id;
    await until(() => session.id !== before, "the session to be opened again");
    await alice.client.send({ to: "sleeper", body: "good morning" });
    expect((await next).value).toMatchObject({ body: "good morning", attempt: 1 });
    await session.leave();
  });

  test("of an agent that is removed ends within a second, and so do its long polls and its ask", async () => {
    const gone = await broker.agent("gone-for-good");
    const watcher = await broker.agent("watches-the-log");
    await broker.agent("asked-by-gone");
    using stream = await bareStream(broker, gone, "maxInFlight=1");
    const closed = new Promise((resolve) => stream.raw.once("close", resolve));
    stream.raw.resume();
    const outcome = (work: Promise<unknown>) =>
      work.then(
        () => "answered",
        (error: { code: string }) => error.code,
      );
    const polled = outcome(gone.client.lease({ waitMs: 30_000 }));
    const { cursor } = await watcher.client.log({ limit: 1 });
    const watched = outcome(watcher.client.log({ after: cursor, waitMs: 30_000 }));
    const asked = outcome(gone.client.ask({ to: "asked-by-gone", body: "are you there?", timeoutMs: 30_000 }));
    await until(
      async () => (await broker.admin.listInbox({ agent: "asked-by-gone" })).entries.length === 1,
      "the question to be stored",
    );
    const waited = stopwatch();
    await broker.admin.removeAgent({ agent: "gone-for-good" });
    await broker.admin.revokeAgent({ agent: "watches-the-log" });
    await closed;
    expect(await watched).toBe("agent_not_found");
    expect(await polled).toBe("agent_not_found");
    expect(await asked).toBe("agent_not_found");
    assertInTime(waited(), 1_000);
  });

  test("that the store fails at the opening is refused, not left open and silent: the client comes back and gets its mail", async () => {
    const alice = await broker.agent("amy");
    const bob = await broker.agent("ben");
    await alice.client.send({ to: "ben", body: "still yours" });
    const gone = new AbortController();
    const session = await bob.client.join();
    await session.inbox({ signal: gone.signal, leaseMs: 600_000 }).next();
    using db = brokenReturns(broker.home);
    gone.abort();
    const inbox = session.inbox({ leaseMs: 600_000 });
    const next = inbox.next();
    await until(() => broker.log().includes("what is held cannot come back"), "an opening that fails");
    db.mend();
    const ms = stopwatch();
    const { value: again } = await next;
    assertInTime(ms(), 5_000);
    expect(again).toMatchObject({ body: "still yours", attempt: 2 });
    await again?.ack();
    await session.leave();
  });

  test("takes no more than its credit, and the rest as it acks", async () => {
    const alice = await broker.agent("alva");
    const bob = await broker.agent("bodo");
    for (let i = 0; i < 10; i++) await alice.client.send({ to: "bodo", body: String(i) });
    const session = await bob.client.join();
    const inbox = session.inbox({ maxInFlight: 3 });
    const { value: first } = await inbox.next();
    await until(async () => (await broker.admin.status()).deliveries.leased === 3, "three leases");
    expect((await broker.admin.getAgent({ agent: "bodo" })).queued).toBe(7);
    const bodies = [first?.body];
    await first?.ack();
    for (let i = 1; i < 10; i++) {
      const { value } = await inbox.next();
      bodies.push(value?.body);
      await value?.ack();
    }
    expect(bodies).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    await session.leave();
  });
});

describe("a broker that is asked to stop", () => {
  test("with 50 open streams and a long poll ends in under a second, and every lease is back after it", async () => {
    await using broker = await startTestBroker();
    const alice = await broker.agent("alice");
    const streams: AsyncGenerator[] = [];
    for (let i = 0; i < 50; i++) {
      const { token } = await broker.agent(`agent-${i}`);
      const client = new MeshClient({ url: broker.url, token, retryForMs: 0 });
      await alice.client.send({ to: `agent-${i}`, body: "held" });
      const inbox = (await client.join()).inbox();
      await inbox.next();
      streams.push(inbox);
    }
    const poll = alice.client.lease({ waitMs: 30_000 }).catch(() => undefined);
    await until(async () => (await broker.admin.status()).streams === 50, "50 streams");
    const { code, ms } = await broker.kill("SIGTERM");
    expect(code).toBe(0);
    assertInTime(ms, 1_000);
    await poll;
    await broker.start();
    expect((await broker.admin.status()).deliveries).toMatchObject({ queued: 50, leased: 0 });
  }, 30_000);
});

describe("a long poll", () => {
  test("answers when a message comes, at the end of its wait, and with the log's next line", async () => {
    await using broker = await startTestBroker();
    const alice = await broker.agent("alice");
    const bob = await broker.agent("bob");
    const { cursor } = await broker.admin.log();
    const poll = bob.client.lease({ waitMs: 10_000 });
    const log = broker.admin.log({ after: cursor, waitMs: 10_000 });
    await alice.client.send({ to: "bob", body: "hello" });
    const { deliveries } = await poll;
    expect(deliveries.map(({ message }) => message.body)).toEqual(["hello"]);
    expect((await log).entries[0]).toMatchObject({ event: "accepted", preview: "hello" });
    await bob.client.ack({ delivery: "1" });
    const began = performance.now();
    expect((await bob.client.lease({ waitMs: 150 })).deliveries).toEqual([]);
    expect(performance.now() - began).toBeGreaterThanOrEqual(145);
  });
});

describe("presence", () => {
  test("goes from online over stale to offline with the heartbeats, mail is kept, and comes back with the next session (T24)", async () => {
    await using broker = await startTestBroker({
      env: { AGENTMESH_STALE_AFTER_MS: "1000", AGENTMESH_OFFLINE_AFTER_MS: "3500" },
    });
    const alice = await broker.agent("alice");
    const bob = await broker.agent("bob");
    await bob.client.openSession();
    const presence = async () => (await broker.admin.getAgent({ agent: "bob" })).presence;
    expect(await presence()).toBe("online");
    await until(async () => (await presence()) === "stale", "bob to be stale");
    const { deliveries } = await alice.client.send({ to: "bob", body: "waits" });
    expect(deliveries[0]?.recipient.presence).toBe("stale");
    expect(deliveries[0]?.warnings.map(({ code }) => code)).toContain("recipient_stale");
    await until(async () => (await presence()) === "offline", "bob to be offline");
    await bob.client.openSession();
    expect(await presence()).toBe("online");
    expect((await bob.client.lease()).deliveries.map(({ message }) => message.body)).toEqual(["waits"]);
  });
});
