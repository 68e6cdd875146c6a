/** Questions about leases: take them, return those of a stream; with what the answers must be. */
import { isDeepStrictEqual } from "node:util";
import type { LogEntry, SessionId } from "@agentmesh/protocol";
import type { LeasedRecord, LeaseTerms, PushTerms, StreamLeaseTerms } from "../../src/mesh/store.ts";
import { type DeliveryHistory, isOpen, pushesBy, short, time } from "./history.ts";
import { type Observer, outcome, type Question } from "./observer.ts";
import { demand } from "./promises.ts";
import { judgeReturn } from "./returns.ts";
import { RETRY } from "./world.ts";

/** Leases: the first in inbox order that are due and alive, as many as the terms allow. */
export function lease(terms: LeaseTerms): Question {
  return async (o) => {
    const { leased, queued } = await o.world.store.lease(terms);
    return () => {
      const { agentId, stream } = terms;
      const name = o.history.agent(agentId)?.name;
      o.say(`lease for ${name} ${stream ? "as a stream" : ""} → ${leased.map(({ delivery }) => `#${delivery.seq}`)}`);
      const { most, ready, bytes } = judgeTaken(o, terms, leased);
      // An empty answer is given before the turn's other acts are done.
      if (o.together && leased.length === 0) return;
      const left = leased.length < most ? ready[leased.length] : undefined;
      const tooLarge = left && leased.length > 0 && bytes + left.of.message.bodyBytes > terms.maxBytes;
      demand(!left || tooLarge === true, "L1 progress", () => `${short(left)} is leasable and was not leased`);
      const waiting = o.history.agent(agentId) ? o.history.queued(agentId).length : 0;
      demand(queued === waiting, "I13 conservation", () => `${name} has ${waiting} queued, the lease says ${queued}`);
    };
  };
}

/** What was leased at once: no more than was asked for, the first in inbox order. Says what could have been. */
function judgeTaken(o: Observer, terms: LeaseTerms, leased: readonly LeasedRecord[]) {
  const { session, stream } = terms;
  const streamed = session === undefined ? 0 : o.history.streamedBy(session).length;
  const credit = stream && session ? stream.maxInFlight - streamed : terms.max;
  const most = Math.max(0, Math.min(terms.max, credit));
  demand(leased.length <= most, "credit", () => `${leased.length} were leased at once; ${most} were asked for`);
  const over = session !== undefined && !o.history.sessions.some(({ id, open }) => id === session && open);
  demand(!over || leased.length === 0, "L3 no stuck lease", () => `${session} is over and was leased to`);
  const silent = stream !== undefined && o.history.session(session)?.silent === true;
  demand(!silent || leased.length === 0, "silence", () => `${session} is silent and was streamed to`);
  const ready = over ? [] : o.history.leasable(terms, o.now);
  for (const [index, record] of leased.entries()) {
    const delivery = judgeLease(o, terms, record);
    const first = ready[index];
    demand(first === delivery, "I5 order", () => `${short(delivery)} was leased although ${short(first)} is before it`);
  }
  const bytes = ready.slice(0, leased.length).reduce((sum, { of }) => sum + of.message.bodyBytes, 0);
  demand(leased.length < 2 || bytes <= terms.maxBytes, "credit", () => `${bytes} bytes were leased at once`);
  return { most, ready, bytes };
}

/** Opens a stream: from now on what becomes leasable is leased for it in the same commit, within its credit. */
export function openStream(terms: StreamLeaseTerms): Question {
  return async (o) => {
    o.world.streams.set(terms.session, terms);
    return () => o.say(`open a stream of ${terms.session}, credit ${terms.stream.maxInFlight}`);
  };
}

/** Closes a stream; what it holds is returned by who closes it. */
export function closeStream(session: SessionId): Question {
  return async (o) => {
    o.world.streams.delete(session);
    return () => o.say(`close the stream of ${session}`);
  };
}

/** Judges what was leased for streams in a commit, when the log is there. */
export function judgeStreamed(o: Observer, { event, deliveryId }: Pick<LogEntry, "event" | "deliveryId">): void {
  const [next] = o.world.streamed;
  if (event !== "leased" || next?.leased[0]?.delivery.id !== deliveryId) return;
  o.world.streamed.shift();
  const { terms, leased } = next;
  o.say(`leased for the stream of ${terms.session}: ${leased.map(({ delivery }) => `#${delivery.seq}`)}`);
  judgeTaken(o, terms, leased);
}

/** When all acts of a step are judged: what is left of the log was leased for streams, and what was said of that is true. */
export function judgeStreams(o: Observer): void {
  o.tape.peek();
  const [extra] = o.world.streamed;
  demand(!extra, "timeline", () => `${extra?.leased[0]?.delivery.id} was pushed, and no lease of it is in the log`);
  for (const agentId of o.world.served) {
    // Of acts in one turn another one may have put something there since; brokers tell of them in any order.
    if (o.together && o.world.unserved.has(agentId)) continue;
    const queued = o.history.agent(agentId) ? o.history.queued(agentId) : [];
    // What was given back with a delay is told of when that is over.
    const left = queued.find(({ dueAt }) => dueAt <= o.now);
    demand(!left, "hints", () => `${short(left)} is queued, and all was said to be leased for streams`);
  }
}

/** What a lease must be; one that was asked for by name comes whatever its delay and what is before it. */
export function judgeLease(
  o: Observer,
  terms: Pick<LeaseTerms, "agentId" | "session" | "leaseMs" | "push" | "stream">,
  { delivery: leased, streamPosition }: LeasedRecord,
  { byName }: { readonly byName: boolean } = { byName: false },
): DeliveryHistory {
  const { now, history } = o;
  const delivery = history.delivery(leased.id);
  demand(delivery !== undefined, "I1 no loss", () => `${leased.id} was leased, which nobody sent`);
  const of = short(delivery);
  demand(delivery.to.id === terms.agentId, "I2 no misdelivery", () => `${of} was leased to another agent`);
  demand(delivery.state !== "leased", "I6 single lease", () => `${of} was leased to a second holder`);
  demand(isOpen(delivery), "I3 ack is final", () => `${of} was leased although it is ${delivery.state}`);
  demand(now < delivery.expiresAt, "I11 expiry honesty", () => `${of} was leased past its life`);
  const push: PushTerms | undefined = terms.stream ?? terms.push;
  const free = byName || delivery.dueAt <= now || (delivery.delays === "webhook" && !push?.webhook);
  demand(free, "delay", () => `${of} was leased ${delivery.dueAt - now} ms before its delay was over`);
  const enough = push?.maxPushes ?? Number.POSITIVE_INFINITY;
  const pushes = pushesBy(delivery, terms.session);
  demand(pushes < enough, "credit", () => `${of} was streamed again to a session that pushed it ${pushes} times`);
  const told = { ...delivery.of.message, expiresAt: time(delivery.expiresAt) };
  demand(
    isDeepStrictEqual(leased.message, told),
    "I10 authenticity",
    () => `${of} was leased as ${JSON.stringify(leased.message)}, accepted as ${JSON.stringify(told)}`,
  );
  demand(leased.trust === delivery.trust, "trust", () => `${of} came as ${delivery.trust}, leased as ${leased.trust}`);
  const { from } = leased.message;
  const least = push ? history.leastWeight(terms.agentId, push.urgency, now) : 0;
  demand(delivery.weight >= least, "urgency", () => `${of} was streamed, which is to rest for a read`);
  const attempt = delivery.attempt + 1;
  const counted = leased.attempt === attempt && leased.redelivered === attempt > 1;
  demand(counted, "I7 attempts bound", () => `lease ${attempt} of ${of} says attempt ${leased.attempt}`);
  demand(!history.receipts.has(leased.receipt), "I6 single lease", () => `${of} was leased under a used receipt`);
  const endsAt = now + terms.leaseMs;
  const inTime = leased.leaseEndsAt === new Date(endsAt).toISOString();
  demand(inTime, "L3 no stuck lease", () => `the lease of ${of} ends at ${leased.leaseEndsAt}`);
  // A clock set back revives what was past its life and had been passed by.
  if (attempt === 1 && !o.clockSetBack && !delivery.delayed && !byName) {
    const pair = `${from.id} ${delivery.to.id} ${delivery.rank} ${delivery.weight}`;
    const before = history.firstLeases.get(pair) ?? 0;
    demand(delivery.seq > before, "I5 order", () => `${of} was first leased after #${before} of the same sender`);
    history.firstLeases.set(pair, delivery.seq);
  }
  delivery.attempt = attempt;
  delivery.state = "leased";
  const position = terms.stream ? streamPosition : undefined;
  delivery.lease = { receipt: leased.receipt, session: terms.session, position, began: ++o.count, endsAt };
  delivery.lastHolder = terms.session;
  delivery.receipts.push(leased.receipt);
  history.receipts.add(leased.receipt);
  o.tape.take("leased", delivery, now, { session: terms.session });
  return delivery;
}

/** Returns the streamed leases of a session: those after a position, or all of a client that is gone. */
export function returnStreamed(session: SessionId, after: number | undefined): Question {
  return async (o) => {
    const returned = await outcome(o.world.store.returnStreamed(session, after, RETRY));
    return () => {
      const held = o.history
        .streamedBy(session, after)
        .sort((a, b) => (a.lease?.position ?? 0) - (b.lease?.position ?? 0));
      const n = returned.kind === "answered" ? returned.value : undefined;
      o.say(`return what was streamed after ${after === undefined ? "the end" : after} → ${n}`);
      demand(n === held.length, "L3 no stuck lease", () => `${held.length} streamed leases, but ${n} returned`);
      for (const each of held) judgeReturn(o, each, "released", { failed: after === undefined });
    };
  };
}
