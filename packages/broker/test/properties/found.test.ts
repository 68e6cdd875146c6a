/** Sequences that broke a promise once, in their smallest form. */
import { expect, test } from "vitest";
import type { LeaseTerms } from "../../src/mesh/store.ts";
import { type Content, draft, draftOf } from "./commands-messages.ts";
import type { DeliveryHistory } from "./history.ts";
import { Observer, type Question } from "./observer.ts";
import { doubtAll, openSession, register, removeAgent, removeAndKill } from "./questions-agents.ts";
import { remindAsks } from "./questions-asks.ts";
import { advance, announceDue, expireLeases, expireMessages, prune, restart, tellPresences } from "./questions-care.ts";
import { cancel } from "./questions-decisions.ts";
import { lease, openStream } from "./questions-leases.ts";
import { send } from "./questions-messages.ts";
import { publish } from "./questions-publish.ts";
import { subscribe } from "./questions-topics.ts";
import { ack, nack, recordPush, release } from "./questions-verbs.ts";
import { SqliteWorld, soundEngine } from "./sqlite-world.ts";
import { RETENTION_MS } from "./world.ts";

/** Asks one after another, lists in one turn. Begins with one agent, two sessions and a message to itself. @throws BrokenPromise */
async function ask(
  sequence: (o: Observer, delivery: DeliveryHistory) => Iterable<Question | readonly Question[]>,
  pieces?: number,
): Promise<Observer> {
  await using world = new SqliteWorld(soundEngine, undefined, pieces);
  const o = await Observer.begin(world);
  await o.step(register("ada", "token"));
  const ada = o.history.agents[0]?.id ?? "agt_";
  await o.step(openSession(ada));
  await o.step(openSession(ada));
  const ids = { id: "msg_1", threadId: "thr_1", deliveryId: "dlv_1", senderId: ada, recipientId: ada } as const;
  const content = { body: "x", bodyBytes: 1, ttlMs: 600_000 };
  await o.step(send({ ...ids, ...content, inReplyTo: undefined, idempotency: undefined, answers: undefined }));
  const [delivery] = o.history.deliveries;
  if (!delivery) throw new Error("the message was not accepted");
  for (const asked of sequence(o, delivery)) await o.step(...[asked].flat());
  return o;
}

const terms = ({ to }: DeliveryHistory): LeaseTerms => {
  return { agentId: to.id, max: 1, maxBytes: 1, leaseMs: 1_000, session: undefined };
};
const target = ({ to, id, lease: held }: DeliveryHistory) => ({
  agentId: to.id,
  ref: id,
  receipt: held?.receipt ?? "",
});

const content: Content = { body: "x", ttlMs: 1_000, key: undefined, urgency: undefined };
const kinds = (o: Observer) => o.history.deliveries.map(({ of, state }) => `${of.message.kind} ${state}`);

test("a session is not streamed again what it pushed often enough, whatever another session pushed in between", async () => {
  const o = await ask(function* (seen, delivery) {
    for (const n of [0, 1, 0]) {
      const session = seen.history.sessions[n]?.id;
      yield lease({ ...terms(delivery), session, stream: { maxInFlight: 16, maxPushes: 1 } });
      if (delivery.lease) yield recordPush(target(delivery), undefined);
      yield advance(1_000);
      yield expireLeases(1);
    }
  });
  expect(o.history.deliveries[0]).toMatchObject({ state: "queued", attempt: 2, failures: 0 });
});

test("a push under a lease without a session does not make another session's pushes forgotten", async () => {
  const o = await ask(function* (seen, delivery) {
    const streamed = { session: seen.history.sessions[0]?.id, stream: { maxInFlight: 16, maxPushes: 1 } };
    for (const more of [streamed, {}, streamed]) {
      yield lease({ ...terms(delivery), ...more });
      if (delivery.lease) yield recordPush(target(delivery), undefined);
      if (delivery.lease) yield nack(target(delivery), 0);
    }
  });
  expect(o.history.deliveries[0]).toMatchObject({ state: "queued", attempt: 2, failures: 2 });
});

test("a delay that begins after the clock was set back is announced when it is over", async () => {
  const o = await ask(function* (_, delivery) {
    yield announceDue;
    yield advance(-700);
    yield lease(terms(delivery));
    yield nack(target(delivery), 100);
    yield advance(100);
    yield announceDue;
  });
  expect(o.history.deliveries[0]).toMatchObject({ state: "queued", announced: true });
});

test("an agent that has written to itself leaves no notice in its inbox when it is removed", async () => {
  const o = await ask(function* (_, delivery) {
    yield removeAgent(delivery.to.id);
  });
  expect(kinds(o)).toEqual(["message dead"]);
});

test("a message whose lease outlived it and the broker expires with a notice to its sender, not in silence", async () => {
  const o = await ask(function* (_, delivery) {
    yield lease(terms(delivery));
    yield advance(600_000);
    yield restart("kill");
    yield expireMessages(10);
  });
  expect(kinds(o)).toEqual(["message expired", "bounce queued"]);
});

test("an answer that goes to somebody else leaves the question owed", async () => {
  const o = await ask(function* (seen, { to }) {
    yield register("bob", "token of bob");
    const bob = seen.history.agents[1]?.id ?? "agt_";
    yield send(draft(to.id, bob, content, { answerWithinMs: 1_000 }));
    const question = seen.history.asks[0]?.delivery.of.id;
    yield send(draft(bob, bob, content, { inReplyTo: question }));
    yield advance(1_000);
    yield remindAsks(10);
  });
  expect(kinds(o).at(-1)).toBe("nudge queued");
});

test("a question that is owed outlives the retention, and its debtor is reminded", async () => {
  const o = await ask(function* (seen, { to }) {
    yield send(draft(to.id, to.id, content, { answerWithinMs: 2 * RETENTION_MS }));
    yield ack({ agentId: to.id, ref: "2", receipt: undefined }, "read");
    yield advance(RETENTION_MS);
    yield prune(RETENTION_MS, 10);
    yield advance(RETENTION_MS);
    yield remindAsks(10);
    expect(seen.history.asks[0]).toMatchObject({ nudged: true, open: true });
  });
  expect(kinds(o).at(-1)).toBe("nudge queued");
});

test("what was published to nobody and taken back comes to nobody who subscribes later", async () => {
  const o = await ask(function* (seen, { to }) {
    yield register("bob", "token of bob");
    yield publish({ ...draftOf(to.id, content, []), topic: "news" });
    const of = seen.history.messages.at(-1);
    if (of) yield cancel(of, to.id);
    yield subscribe(seen.history.agents[1]?.id ?? "agt_", "news", 1);
  });
  expect(kinds(o)).toEqual(["message queued"]);
});

test("what was published to nobody is kept as long as a retry can come under its key", async () => {
  const o = await ask(function* (_, { to }) {
    const published = { ...draftOf(to.id, { ...content, key: "k1" }, []), topic: "news" };
    yield publish(published);
    yield advance(1_000);
    yield prune(RETENTION_MS, 10);
    yield publish({ ...published, id: "msg_again" });
  });
  expect(o.history.messages).toHaveLength(2);
});

test("an fyi that was published earlier rests in the inbox of who subscribes later", async () => {
  const o = await ask(function* (seen, { to }) {
    yield register("bob", "token of bob");
    const bob = seen.history.agents[1]?.id ?? "agt_";
    yield openSession(bob);
    yield publish({ ...draftOf(to.id, { ...content, urgency: "fyi" }, []), topic: "news" });
    yield subscribe(bob, "news", 1);
    const session = seen.history.sessions.at(-1)?.id;
    const stream = { maxInFlight: 1, maxPushes: undefined, urgency: "normal" as const };
    yield lease({ agentId: bob, max: 1, maxBytes: 1, leaseMs: 1_000, session, stream });
  });
  expect(o.history.deliveries.at(-1)).toMatchObject({ state: "queued", attempt: 0 });
});

test.each([
  [1_000, "no session is doubted"],
  [40_000, "no session is doubted"],
  [1_000, "all sessions are doubted"],
  [40_000, "all sessions are doubted"],
])("a message lives as long as it had to when a start finds the clock set back by %i ms and %s", async (ms, doubts) => {
  const o = await ask(function* (_, delivery) {
    if (doubts === "all sessions are doubted") yield doubtAll(45_000);
    yield advance(-ms);
    yield lease({ ...terms(delivery), leaseMs: 300_000 });
    yield restart("kill");
    yield advance(599_999);
    yield expireMessages(1);
    yield restart("clean");
    yield advance(1);
    yield expireMessages(1);
  });
  expect(kinds(o)[0]).toBe("message expired");
});

test("two asks that are overdue twice over have one notice each in a round, however little a slice takes", async () => {
  const o = await ask(function* (_, { to }) {
    for (let i = 0; i < 2; i++) yield send(draft(to.id, to.id, content, { answerWithinMs: 100 }));
    yield advance(200);
    yield remindAsks(100);
    yield remindAsks(100);
  }, 1);
  expect(kinds(o).filter((each) => /nudge|bounce/.test(each))).toEqual([
    "nudge queued",
    "nudge queued",
    "bounce queued",
    "bounce queued",
  ]);
});

test("what an agent had in hand when it was removed dies as its own, also when a start returns it between two slices", async () => {
  const o = await ask(function* (seen, { to }) {
    yield register("bob", "bob's token");
    const bob = seen.history.agents.at(-1)?.id ?? "agt_";
    for (let i = 0; i < 2; i++) yield send(draft(to.id, bob, content));
    for (let i = 0; i < 2; i++) yield lease({ agentId: bob, max: 1, maxBytes: 1, leaseMs: 1_000, session: undefined });
    yield removeAndKill(bob, 1, "kill");
  }, 1);
  expect(kinds(o).slice(1, 3)).toEqual(["message dead", "message dead"]);
});

test("what is released while its message is taken back is streamed again before the slice that names it as left", async () => {
  const o = await ask(function* (seen, { to }) {
    for (const name of ["bob", "cyd"]) yield register(name, `token of ${name}`);
    const [, bob, cyd] = seen.history.agents;
    for (const each of [bob, cyd]) yield subscribe(each?.id ?? "agt_", "news", 0);
    yield openSession(cyd?.id ?? "agt_");
    const session = seen.history.sessions.at(-1)?.id ?? "ses_";
    const stream = { maxInFlight: 1, maxPushes: undefined, urgency: "normal" as const };
    yield openStream({ agentId: cyd?.id ?? "agt_", max: 1, maxBytes: 1_000, leaseMs: 1_000, session, stream });
    yield publish({ ...draftOf(to.id, content, []), topic: "news" });
    const streamed = seen.history.deliveries.at(-1);
    if (streamed) yield [cancel(streamed.of, to.id), release(target(streamed))];
  }, 1);
  expect(kinds(o).slice(1)).toEqual(["message cancelled", "message leased"]);
});

test("whose heartbeat is young again by a clock that was set back is told to be online", async () => {
  const told: number[] = [];
  await ask(function* (seen) {
    for (const ms of [0, 45_000, -1, 1]) {
      yield advance(ms);
      yield tellPresences(45_000);
      told.push(Number(seen.journal.at(-1)?.split(" ").at(-1)));
    }
  });
  expect(told).toEqual([1, 1, 1, 1]);
});

test("an answer to oneself is no sign of the session for which the answer is leased in the same act", async () => {
  const o = await ask(function* (seen, delivery) {
    const { to, of } = delivery;
    const session = seen.history.sessions[0]?.id ?? "ses_";
    yield lease({ ...terms(delivery), session });
    const stream = { maxInFlight: 1, maxPushes: undefined, urgency: "normal" as const };
    yield openStream({ agentId: to.id, max: 1, maxBytes: 1_000, leaseMs: 1_000, session, stream });
    const answers = { inReplyTo: of.id, threadId: of.message.threadId, answers: delivery.id };
    const answer = send(draft(to.id, to.id, { ...content, ttlMs: 600_000 }, answers));
    yield [ack(target(delivery), "handled"), answer];
    yield advance(1_000);
    yield expireLeases(1);
  });
  expect(o.history.sessions[0]?.silent).toBe(true);
  expect(kinds(o)).toEqual(["message acked", "message queued"]);
});

test("a verb that is refused is answered as the delivery stands behind a lease of the turn in which it was accepted", async () => {
  const o = await ask(function* (seen, { to }) {
    yield register("bob", "bob's token");
    const bob = seen.history.agents.at(-1)?.id ?? "agt_";
    yield openSession(bob);
    const session = seen.history.sessions.at(-1)?.id ?? "ses_";
    const stream = { maxInFlight: 1, maxPushes: undefined, urgency: "normal" as const };
    yield openStream({ agentId: bob, max: 1, maxBytes: 1_000, leaseMs: 1_000, session, stream });
    yield [send(draft(to.id, bob, content)), nack({ agentId: bob, ref: "1", receipt: "of nobody" }, 0)];
  });
  expect(kinds(o)).toEqual(["message queued", "message leased"]);
});
