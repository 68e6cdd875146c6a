/** Commands about leases: take, settle, give back, by the right holder and by wrong ones. */
import type { DeliveryRef } from "@agentmesh/protocol";
import fc from "fast-check";
import { any, type CommandKind, kind, pick, pickAgent, rarely, someoneElse, who } from "./command-kind.ts";
import { type AgentHistory, type DeliveryHistory, isOpen, type SessionHistory } from "./history.ts";
import type { Observer, Question } from "./observer.ts";
import { heartbeat } from "./questions-agents.ts";
import { advance, announceDue, expireLeases } from "./questions-care.ts";
import { closeStream, lease, openStream, returnStreamed } from "./questions-leases.ts";
import { ack, extend, type Held, nack, recordPush, reject, release } from "./questions-verbs.ts";

const leaseMs = fc.constantFrom(1_000, 10_000, 60_000, 300_000);

/** Which delivery, named how, by whom, under which receipt; mostly a leased one by its holder. */
const target = fc.record({
  n: any,
  among: fc.constantFrom(...Array(10).fill("leased" as const), "open", "open", "all", "all", "unknown"),
  by: fc.constantFrom("id", "id", "seq"),
  as: fc.constantFrom("owner", "owner", "owner", "owner", "owner", "owner", "another"),
  receipt: fc.constantFrom("current", "current", "current", "current", "stale", "stale", "foreign", "none"),
});
type TargetChoice = typeof target extends fc.Arbitrary<infer T> ? T : never;

function among(o: Observer, { among: which, n }: TargetChoice): DeliveryHistory[] {
  if (which === "all") return o.history.deliveries;
  const leased = o.history.leased();
  return which === "open" || (leased.length === 0 && n % 5 === 0) ? o.history.deliveries.filter(isOpen) : leased;
}

function receiptOf(o: Observer, delivery: DeliveryHistory | undefined, { receipt, n }: TargetChoice): string {
  if (receipt === "stale") return delivery?.receipts.slice(0, -1).at(-1) ?? "a receipt that never was";
  const holding =
    receipt === "foreign"
      ? pick(
          o.history.leased().filter((each) => each !== delivery),
          n,
        )
      : delivery;
  return holding?.lease?.receipt ?? delivery?.receipts.at(-1) ?? "a receipt that never was";
}

/** Asks with the chosen delivery, and with a receipt. */
function withTarget<T>(question: (target: Held, choice: T, receipt: TargetChoice["receipt"]) => Question) {
  return (o: Observer, [choice, more]: [TargetChoice, T]): Question | undefined => {
    const delivery = choice.among === "unknown" ? undefined : pick(among(o, choice), choice.n);
    const owner = delivery ? delivery.to.id : choice.among === "unknown" ? pickAgent(o, choice.n)?.id : undefined;
    if (!owner) return undefined;
    const agentId = choice.as === "owner" ? owner : someoneElse(o, owner, choice.n);
    const unknown: DeliveryRef = choice.by === "id" ? `dlv_${"0".repeat(32)}` : "999";
    const ref: DeliveryRef = delivery ? (choice.by === "id" ? delivery.id : String(delivery.seq)) : unknown;
    return question({ agentId, ref, receipt: receiptOf(o, delivery, choice) }, more, choice.receipt);
  };
}

/** Mostly an agent that has mail; any agent when `rare` is 1. */
function reader(o: Observer, n: number, rare: number): AgentHistory | undefined {
  if (rare === 1) return pick(o.history.agents, n);
  const withMail = o.history.present.filter(({ id }) => o.history.queued(id).length > 0);
  return pick(withMail, n) ?? pickAgent(o, n);
}

/** A receiver that takes mail and hangs. */
function* hang(o: Observer, n: number): Iterable<Question> {
  const agent = reader(o, n, 0);
  if (!agent) return;
  yield lease({ agentId: agent.id, max: 2, maxBytes: 16_384, leaseMs: 1_000, session: undefined });
  yield advance(1_000);
  yield expireLeases(100);
  yield announceDue;
}

/** An adapter that streams mail, reports its pushes, and hears nothing more; twice. */
function* push(o: Observer, { n, maxPushes }: { readonly n: number; readonly maxPushes: number }): Iterable<Question> {
  const holder = streamer(o, n);
  if (!holder) return;
  const { id: session, agentId } = holder;
  const terms = { agentId, session, max: 25, maxBytes: 16_384, leaseMs: 1_000, stream: { maxInFlight: 3, maxPushes } };
  for (const _ of [1, 2]) {
    yield lease(terms);
    for (const each of o.history.streamedBy(session)) {
      yield recordPush({ agentId, ref: each.id, receipt: each.lease?.receipt ?? "" }, undefined);
    }
    yield advance(1_000);
    yield expireLeases(100);
    yield announceDue;
  }
}

/** Mostly a session whose agent has mail. */
function streamer(o: Observer, n: number): SessionHistory | undefined {
  const open = o.history.sessions.filter((each) => each.open);
  const withMail = open.filter(({ agentId }) => o.history.queued(agentId).length > 0);
  return pick(withMail.length > 0 ? withMail : open, n);
}

const SIGNS = ["heartbeat", "ack", "nack", "extend", "push", "of another", "none"] as const;
const reading = fc.record({ n: any, beat: rarely, sign: fc.constantFrom(...SIGNS) });
type ReadingChoice = typeof reading extends fc.Arbitrary<infer T> ? T : never;

/** A stream whose receiver does not read, so that its lease runs out; then a sign of it, or of another, or none. */
function* stopReading(o: Observer, { n, beat, sign }: ReadingChoice): Iterable<Question> {
  const holder = streamer(o, n);
  if (!holder) return;
  const { id: session, agentId } = holder;
  const terms = { agentId, max: 1, maxBytes: 16_384, leaseMs: 1_000, session };
  const stream = { maxInFlight: 1, maxPushes: undefined };
  yield lease({ ...terms, stream });
  const [held] = o.history.streamedBy(session);
  yield advance(500);
  if (beat) yield heartbeat(holder, agentId);
  yield advance(500);
  yield expireLeases(100);
  const other = o.history.sessions.find((each) => each.open && each.agentId === agentId && each !== holder);
  if (sign === "of another" && other) yield lease({ ...terms, session: other.id });
  const target = { agentId, ref: held?.id ?? "1", receipt: held?.receipts.at(-1) ?? "" };
  const [asOther] = other ? o.history.heldBy(other.id) : [];
  if (sign === "heartbeat") yield heartbeat(holder, agentId);
  if (sign === "ack") yield ack({ ...target, receipt: undefined }, "handled");
  if (sign === "nack") yield nack(target, 0);
  if (sign === "extend") yield extend(target, 1_000);
  if (sign === "push") yield recordPush(target, undefined);
  if (sign === "of another" && asOther) yield ack({ ...target, ref: asOther.id, receipt: undefined }, "handled");
  yield lease({ ...terms, stream });
}

/** A receiver that rejects what it takes. */
function* rejectOne(o: Observer, n: number): Iterable<Question> {
  const agent = reader(o, n, 0);
  if (!agent) return;
  yield lease({ agentId: agent.id, max: 1, maxBytes: 16_384, leaseMs: 10_000, session: undefined });
  const held = o.history.open(agent.id).find(({ lease: taken }) => taken && taken.session === undefined);
  if (held) yield reject({ agentId: agent.id, ref: held.id, receipt: held.lease?.receipt ?? "" });
}

export const inboxCommands: CommandKind[] = [
  kind(
    "lease",
    8,
    fc.record({
      n: who,
      session: fc.option(any),
      over: fc.nat(19),
      max: fc.constantFrom(1, 2, 25),
      maxBytes: fc.constantFrom(1, 250, 16_384, 16_384),
      leaseMs,
    }),
    (o, { n, session, over, max, maxBytes, leaseMs: ms }) => {
      const agent = reader(o, n, over);
      // Nothing in the port says that the session must be open: a request may overlap its end.
      const sessions = o.history.sessions.filter((each) => each.agentId === agent?.id && (each.open || over === 0));
      const holder = session === null ? undefined : pick(sessions, session)?.id;
      return agent && lease({ agentId: agent.id, max, maxBytes, leaseMs: ms, session: holder });
    },
    "joins",
  ),
  kind(
    "stream",
    6,
    fc.record({
      n: any,
      maxInFlight: fc.integer({ min: 1, max: 3 }),
      maxPushes: fc.constantFrom(undefined, 1, 2),
      urgency: fc.constantFrom(undefined, undefined, "normal", "interrupt"),
      leaseMs,
    }),
    (o, { n, maxInFlight, maxPushes, urgency, leaseMs: ms }) => {
      const holder = streamer(o, n);
      const stream = { maxInFlight, maxPushes, ...(urgency !== undefined && { urgency }) };
      const terms = { max: 25, maxBytes: 16_384, leaseMs: ms, stream };
      return holder && lease({ agentId: holder.agentId, session: holder.id, ...terms });
    },
    "joins",
  ),
  kind(
    "open a stream",
    4,
    fc.record({
      n: any,
      maxInFlight: fc.integer({ min: 1, max: 3 }),
      maxPushes: fc.constantFrom(undefined, undefined, 1),
      urgency: fc.constantFrom(undefined, undefined, "normal"),
      maxBytes: fc.constantFrom(250, 16_384),
      leaseMs,
    }),
    (o, { n, maxInFlight, maxPushes, urgency, maxBytes, leaseMs: ms }) => {
      const holder = streamer(o, n);
      const stream = { maxInFlight, maxPushes, ...(urgency !== undefined && { urgency }) };
      const terms = { max: 25, maxBytes, leaseMs: ms, stream };
      return holder && openStream({ agentId: holder.agentId, session: holder.id, ...terms });
    },
  ),
  kind("close a stream", 2, any, (o, n) => {
    const session = pick([...o.world.streams.keys()], n);
    return session && closeStream(session);
  }),
  kind("lease and hang", 4, any, hang),
  kind("stream and stop reading", 5, reading, stopReading),
  kind("lease and reject", 5, any, rejectOne),
  kind("stream and push", 4, fc.record({ n: any, maxPushes: fc.constantFrom(1, 2) }), push),
  kind(
    "ack",
    6,
    fc.tuple(target, fc.constantFrom("handled", "read")),
    withTarget((held, evidence, receipt) => ack(receipt === "none" ? { ...held, receipt: undefined } : held, evidence)),
    "joins",
  ),
  kind(
    "nack",
    5,
    fc.tuple(
      target,
      fc.record({
        delayMs: fc.constantFrom(undefined, undefined, 0, 700),
        delayed: fc.constantFrom("everybody", "webhook"),
      }),
    ),
    withTarget((held, { delayMs, delayed }) => nack(held, delayMs, delayed)),
    "joins",
  ),
  kind(
    "release",
    2,
    fc.tuple(target, fc.constant(null)),
    withTarget((held) => release(held)),
    "joins",
  ),
  kind(
    "lease for a webhook",
    3,
    fc.record({ n: any, urgency: fc.constantFrom("fyi", "normal", "interrupt"), last: fc.option(any), leaseMs }),
    (o, { n, urgency, last, leaseMs: ms }) => {
      const agent = reader(o, n, 0);
      const failed = agent ? o.history.queued(agent.id).filter(({ attempt }) => attempt > 0) : [];
      const after = last === null ? undefined : pick(failed, last)?.id;
      const terms = { max: 1, maxBytes: 16_384, leaseMs: ms, session: undefined };
      return agent && lease({ ...terms, agentId: agent.id, push: { urgency, webhook: { last: after } } });
    },
    "joins",
  ),
  kind(
    "lease to push",
    3,
    fc.record({
      n: any,
      maxPushes: fc.constantFrom(undefined, 1),
      urgency: fc.constantFrom(undefined, "normal"),
      leaseMs,
    }),
    (o, { n, maxPushes, urgency, leaseMs: ms }) => {
      const holder = streamer(o, n);
      const push = { maxPushes, ...(urgency !== undefined && { urgency }) };
      const terms = { max: 25, maxBytes: 16_384, leaseMs: ms, push };
      return holder && lease({ ...terms, agentId: holder.agentId, session: holder.id });
    },
    "joins",
  ),
  kind(
    "extend",
    2,
    fc.tuple(target, leaseMs),
    withTarget((held, ms) => extend(held, ms)),
    "joins",
  ),
  kind(
    "reject",
    1,
    fc.tuple(target, fc.constant(null)),
    withTarget((held) => reject(held)),
    "joins",
  ),
  kind(
    "record push",
    5,
    fc.tuple(target, fc.constantFrom(undefined, undefined, "socket closed")),
    withTarget((held, failedWhy) => recordPush(held, failedWhy)),
  ),
  kind("return streamed", 4, fc.record({ n: any, after: fc.option(any) }), (o, { n, after }) => {
    const streamed = o.history.leased().filter(({ lease: held }) => held?.position !== undefined);
    const session = pick(streamed, n)?.lease?.session ?? pick(o.history.sessions, n)?.id;
    if (!session) return undefined;
    const positions = [0, ...o.history.streamedBy(session).map(({ lease: held }) => held?.position ?? 0)];
    return returnStreamed(session, after === null ? undefined : pick(positions, after));
  }),
];
