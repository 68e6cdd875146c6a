/** Sequences that broke a promise once, in their smallest form. */
import { expect, test } from "vitest";
import type { LeaseTerms } from "../../src/mesh/store.ts";
import type { DeliveryHistory } from "./history.ts";
import { Observer, type Question } from "./observer.ts";
import { openSession, register } from "./questions-agents.ts";
import { advance, announceDue, expireLeases } from "./questions-care.ts";
import { lease } from "./questions-leases.ts";
import { send } from "./questions-messages.ts";
import { nack, recordPush } from "./questions-verbs.ts";
import { soundEngine, World } from "./world.ts";

/** Asks one after another. Begins with one agent, two sessions and a message to itself. @throws BrokenPromise */
async function ask(sequence: (o: Observer, delivery: DeliveryHistory) => Iterable<Question>): Promise<Observer> {
  await using world = new World(soundEngine);
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
  for (const question of sequence(o, delivery)) await o.step(question);
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
