/** Urgency, focus and policy, seen by those who send and those who receive: real broker, real streams. */
import { startTestBroker, type TestAgent, type TestBroker, times, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

/** A session that streams what is to be pushed, and acks none of it. */
async function streaming(to: TestAgent) {
  const session = await to.client.join();
  const got: string[] = [];
  const over = new AbortController();
  const reading = (async () => {
    for await (const { body } of session.inbox({ urgency: "normal", maxInFlight: 256, signal: over.signal }))
      got.push(body);
  })();
  return {
    got,
    async [Symbol.asyncDispose]() {
      over.abort();
      await reading;
      await session.leave();
    },
  };
}

test("an interrupt goes through a focus and before what waits; the focus ends by itself and the rest follows (T40)", async () => {
  const alice = await broker.agent("t40-alice");
  const bob = await broker.agent("t40-bob");
  await using stream = await streaming(bob);
  const focus = { agent: "me", reason: "in the middle of a migration" } as const;
  await bob.client.setFocus({ ...focus, forMs: 3_600_000 });
  const sent = await Promise.all(
    Array.from({ length: 50 }, (_, n) => alice.client.send({ to: "t40-bob", body: `normal ${n}` })),
  );
  expect(sent[0]?.deliveries[0]).toMatchObject({
    state: "queued",
    rule: { code: "focus", detail: expect.stringContaining("in the middle of a migration") },
    recipient: { focus: { allows: "interrupt" } },
  });
  const urgent = await alice.client.send({ to: "t40-bob", body: "stop", urgency: "interrupt" });
  expect(urgent.deliveries[0]?.rule.code).toBe("interrupt");
  await until(() => stream.got.length > 0, "the interrupt");
  expect(stream.got).toEqual(["stop"]);
  await bob.client.setFocus({ ...focus, forMs: 1_000 });
  await until(() => stream.got.length === 51, "the rest, after the focus");
  // Sent at once, over several connections: in the order in which they were accepted.
  const accepted = sent
    .map(({ deliveries: [first] }, n) => ({ n, seq: first?.seq ?? 0 }))
    .sort((a, b) => a.seq - b.seq);
  expect(stream.got.slice(1)).toEqual(accepted.map(({ n }) => `normal ${n}`));
});

test("an agent that is blocked on its human is pushed nothing until it says so, then all of it in order (T17)", async () => {
  const alice = await broker.agent("t17-alice");
  const bob = await broker.agent("t17-bob");
  await using stream = await streaming(bob);
  await broker.admin.setFocus({ agent: "t17-bob", allows: "nothing", reason: "blocked on human" });
  for (const urgency of ["normal", "interrupt", "normal"] as const) {
    const { deliveries } = await alice.client.send({ to: "t17-bob", body: urgency, urgency });
    expect(deliveries[0]).toMatchObject({ state: "queued", rule: { code: "focus" } });
    expect(deliveries[0]?.rule.detail).toContain("blocked on human");
  }
  const { deliveries: traced } = await alice.client.getMessage({
    message: (await alice.client.log()).entries[0]?.messageId ?? "1",
  });
  expect(traced[0]?.outlook?.remedy).toContain("agentmesh focus t17-bob --end");
  expect(stream.got).toEqual([]);
  await bob.client.endFocus({ agent: "me" });
  await until(() => stream.got.length === 3, "what waited");
  expect(stream.got).toEqual(["interrupt", "normal", "normal"]);
});

test("a message is in the first read, whatever heap of notices and newer messages there is (T12)", async () => {
  const alice = await broker.agent("t12-alice");
  const bob = await broker.agent("t12-bob");
  for (let n = 0; n < 40; n++) await bob.client.send({ to: "t12-alice", body: `never read ${n}`, ttlMs: 1_000 });
  await until(
    async () => (await broker.admin.getAgent({ agent: "t12-bob" })).queued === 40,
    "forty notices of expired messages",
  );
  await alice.client.send({ to: "t12-bob", body: "the one that matters" });
  const { deliveries, queued } = await bob.client.lease({ max: 5 });
  expect(deliveries.map(({ message }) => message.kind)).toEqual(["message", ...Array(4).fill("bounce")]);
  expect(queued).toBe(36);
});

const MANY = times(3_000, 300);

test("who returns to many messages reads 25 at a time, interrupts first, and each exactly once (T11)", async () => {
  const alice = await broker.agent("t11-alice");
  const bob = await broker.agent("t11-bob");
  for (let round = 0; round < MANY / 100; round++) {
    await Promise.all(
      Array.from({ length: 100 }, (_, n) => alice.client.send({ to: "t11-bob", body: `${round}/${n}` })),
    );
  }
  await alice.client.send({ to: "t11-bob", body: "stop", urgency: "interrupt" });
  const first = await bob.client.lease();
  expect(first.deliveries).toHaveLength(25);
  expect(first.deliveries[0]?.message.body).toBe("stop");
  expect(first.queued).toBe(MANY + 1 - 25);
  const seqs = first.deliveries.map(({ seq }) => seq);
  for (let queued = first.queued; queued > 0; ) {
    const page = await bob.client.lease();
    seqs.push(...page.deliveries.map(({ seq }) => seq));
    queued = page.queued;
  }
  expect(seqs.slice(1)).toEqual(Array.from({ length: MANY }, (_, n) => n + 1));
});

test("fyi is pushed to nobody and found by who looks", async () => {
  const alice = await broker.agent("fyi-alice");
  const bob = await broker.agent("fyi-bob");
  await using stream = await streaming(bob);
  const quiet = await alice.client.send({ to: "fyi-bob", body: "quiet", urgency: "fyi" });
  expect(quiet.deliveries[0]?.rule.code).toBe("fyi");
  await alice.client.send({ to: "fyi-bob", body: "loud" });
  await until(() => stream.got.length > 0, "the loud one");
  expect(stream.got).toEqual(["loud"]);
  expect((await bob.client.lease()).deliveries.map(({ message }) => message.body)).toEqual(["quiet"]);
});

test("a policy decides per sender: held until somebody admits it, or refused with nothing stored", async () => {
  const friend = await broker.agent("policy-friend");
  const stranger = await broker.agent("policy-stranger");
  const pest = await broker.agent("policy-pest");
  const bob = await broker.agent("policy-bob");
  await using stream = await streaming(bob);
  const policy = await bob.client.setPolicy({
    agent: "me",
    otherwise: "hold",
    senders: [
      { agent: "policy-friend", action: "accept" },
      { agent: "policy-pest", action: "refuse" },
    ],
  });
  expect(policy.senders.map(({ agent, action }) => [agent.name, action])).toEqual([
    ["policy-friend", "accept"],
    ["policy-pest", "refuse"],
  ]);
  await expect(pest.client.send({ to: "policy-bob", body: "buy" })).rejects.toMatchObject({
    code: "refused_by_policy",
    status: 403,
  });
  const held = await stranger.client.send({ to: "policy-bob", body: "hello, you do not know me" });
  const [delivery] = held.deliveries;
  expect(delivery).toMatchObject({ state: "held", rule: { code: "held" } });
  await friend.client.send({ to: "policy-bob", body: "hi" });
  await until(() => stream.got.length > 0, "the friend's message");
  expect(stream.got).toEqual(["hi"]);
  await expect(stranger.client.getPolicy({ agent: "policy-bob" })).rejects.toMatchObject({ code: "forbidden" });
  await expect(stranger.client.admit({ delivery: delivery?.deliveryId ?? "1" })).rejects.toMatchObject({
    code: "delivery_not_found",
  });
  expect((await bob.client.listInbox({ state: "held" })).entries).toHaveLength(1);
  await broker.admin.admit({ delivery: delivery?.deliveryId ?? "1" });
  await until(() => stream.got.length === 2, "the admitted message");
  expect(stream.got[1]).toBe("hello, you do not know me");
});
