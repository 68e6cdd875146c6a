/** The acts on leases: take, ack, give back, end. */

import type { AckEvidence, AgentId, DeliveryRef } from "@agentmesh/protocol";
import type {
  AckVerdict,
  LeasedRecord,
  LeaseTerms,
  LeaseVerdict,
  PushTerms,
  RetryPolicy,
} from "../../../mesh/store.ts";
import {
  type GivenBack,
  type GivingBack,
  leastPushed,
  outcomeOf,
  RAN_OUT,
  RESTARTED,
  type Taken,
} from "../../shared/leasing.ts";
import type { LeaseRow } from "../../shared/rows/deliveries.ts";
import { deliveryRecord, type OwnDeliveryRow } from "../../shared/rows/rows.ts";
import { type Budget, each, fitting, ROWS, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { endUnacked } from "./end.ts";
import { leaseThese, within } from "./leases/taken.ts";

/** A lease that is small is taken whole. */
const WHOLE: Budget = { fits: () => true };

/**
 * Leases what is ready, interrupts first, then in inbox order, within the caller's credit and the bytes of one read; behind
 * what earlier slices took `before`.
 */
export function takeLeases(
  engine: Engine,
  context: EngineContext,
  terms: LeaseTerms,
  budget = WHOLE,
  before: readonly LeasedRecord[] = [],
): Taken {
  const { deliveries, agents } = engine;
  const agent = agents.row(terms.agentId);
  if (!agent) return { leased: [], queued: 0, silent: false, more: false };
  const none = { leased: [], queued: agent.queued_count, more: false };
  const { session = null, stream } = terms;
  const push: PushTerms | undefined = stream ?? terms.push;
  const last = push?.webhook?.last;
  const lastPk = last && deliveries.own(terms.agentId, last)?.pk;
  // A stream can outlive its session by a moment; what is leased to nobody would only have to come back.
  const holder = session === null ? undefined : engine.sessions.holder(session);
  if (session !== null && !holder) return { ...none, silent: false };
  if (stream && holder?.silent) return { ...none, silent: true };
  const credit = stream && holder ? stream.maxInFlight - holder.streamed : terms.max;
  const max = Math.min(terms.max - before.length, credit);
  if (max <= 0) return { ...none, silent: false };
  const ready = deliveries
    .leasable({
      agent: agent.pk,
      session,
      maxPushes: push?.maxPushes ?? null,
      leastUrgency: push ? leastPushed(agent, push.urgency ?? "fyi", context.clock.now()) : 0,
      webhook: push?.webhook ? 1 : 0,
      max: lastPk === undefined ? max : max + 1,
    })
    .sort((a, b) => Number(a.pk === lastPk) - Number(b.pk === lastPk))
    .slice(0, max);
  const leased: LeasedRecord[] = [];
  let bytes = sum(before.map(({ delivery }) => delivery.message.bodyBytes));
  let next = 0;
  for (;;) {
    const left = ready.slice(next, next + ROWS);
    // One at least, whatever its size.
    const most = Math.max(within(left, terms.maxBytes - bytes), before.length + leased.length > 0 ? 0 : 1);
    const these = left.slice(0, fitting(budget, Math.min(most, left.length)));
    if (these.length === 0)
      return { leased, queued: agent.queued_count - leased.length, silent: false, more: most > 0 && left.length > 0 };
    leased.push(...leaseThese(engine, agent.pk, these, { ...terms, isStreamed: stream !== undefined }));
    bytes += sum(these.map((each) => each.bytes));
    next += these.length;
  }
}

/** Acks for the owner; a receipt must be the current one. Acking twice is the same as once. */
export function ackDelivery(
  engine: Engine,
  context: EngineContext,
  agentId: AgentId,
  ref: DeliveryRef,
  receipt: string | undefined,
  evidence: AckEvidence,
): AckVerdict {
  const row = engine.deliveries.own(agentId, ref);
  if (!row) return { kind: "not_found" };
  heardOfHolder(engine, context, row);
  const unchanged = withoutAck(row, receipt);
  if (unchanged) return unchanged;
  // A person who reads the inbox beside it shows nothing of the stream.
  if (evidence !== "read") engine.sessions.prove(row);
  engine.deliveries.markEnded(row.pk, "acked", evidence);
  engine.timeline.note(row.pk, "acked", {
    ...{ attempt: row.attempt, session: row.session_id, reason: evidence },
    parties: row,
  });
  context.leasable.ready(agentId);
  return done(engine, row.pk);
}

/** What is said of an ack that changes nothing; undefined where it ends the delivery. */
export function withoutAck(
  row: Pick<OwnDeliveryRow, "id" | "state" | "attempt" | "lease_ends_at" | "receipt">,
  receipt: string | undefined,
): AckVerdict | undefined {
  if (row.state === "acked") return { kind: "acked_before", delivery: deliveryRecord(row) };
  if (row.state !== "queued" && row.state !== "leased") return { kind: "settled", delivery: deliveryRecord(row) };
  if (receipt !== undefined && receipt !== row.receipt) return { kind: "lease_lost", delivery: deliveryRecord(row) };
  return undefined;
}

/** Runs `act` on a delivery whose current lease is this receipt's. */
export function underLease(
  engine: Engine,
  context: EngineContext,
  agentId: AgentId,
  ref: DeliveryRef,
  receipt: string,
  act: (row: OwnDeliveryRow) => void,
): LeaseVerdict {
  const row = engine.deliveries.own(agentId, ref);
  if (!row) return { kind: "not_found" };
  heardOfHolder(engine, context, row);
  if (row.state !== "queued" && row.state !== "leased") return { kind: "settled", delivery: deliveryRecord(row) };
  if (row.receipt !== receipt) return { kind: "lease_lost", delivery: deliveryRecord(row) };
  act(row);
  return done(engine, row.pk);
}

/** A verb on a delivery is a sign of the session that holds it, or held it last: it may be late, but it is there. */
export function heardOfHolder(
  { sessions, timeline }: Engine,
  context: EngineContext,
  row: OwnDeliveryRow,
  position = timeline.lastPosition(),
): void {
  const holder = row.state === "leased" ? row.session_id : timeline.lastHolder(row.pk);
  if (holder !== null && sessions.hear(holder, position)) context.leasable.ready(row.recipient_id);
}

/** Returns a lease that ran out; a stream's session of which nothing was heard in it is silent from now on. */
export function runOut(engine: Engine, context: EngineContext, lease: LeaseRow, retry: RetryPolicy): void {
  const { session_id: session, stream_position: position } = lease;
  if (session !== null && position !== null) engine.sessions.silence(session, position);
  // A holder that reported a push has done its part.
  giveBack(engine, context, lease, {
    ...{ event: "released", reason: RAN_OUT, failed: !lease.pushed, delayMs: undefined, retry },
  });
}

/** Returns one leased delivery to its inbox, or ends it. */
export function giveBack(engine: Engine, context: EngineContext, lease: GivenBack, terms: GivingBack): void {
  const { deliveries, timeline } = engine;
  const { attempt, session_id: session } = lease;
  timeline.note(lease.pk, terms.event, { attempt, session, reason: terms.reason });
  const outcome = outcomeOf(lease, terms, context.clock.now());
  if ("ending" in outcome) endUnacked(engine, context, lease.pk, outcome.ending);
  else {
    const { failures, delay } = outcome;
    deliveries.markQueued(lease.pk, failures, delay, terms.reason);
    if (delay.ms === 0 || delay.delayed === "webhook") context.leasable.ready(lease.agent_id);
  }
  if (session !== null) context.leasable.ready(lease.agent_id);
}

/**
 * Returns what an earlier broker process had leased, a slice at a time. Nothing ends here, also not what is past its life: the sweeper does
 * that, and tells the senders.
 */
export function voidLeases({ deliveries, timeline }: Engine) {
  return (budget: Budget): Slice<number> =>
    each(budget, deliveries.allLeased(ROWS), ROWS, ({ pk, attempt, failures, session_id: session }) => {
      timeline.note(pk, "released", { attempt, session, reason: RESTARTED });
      deliveries.markQueued(pk, failures, { ms: 0, delayed: "everybody" }, RESTARTED);
    });
}

/** The delivery as it is after an act. */
export function done(engine: Engine, pk: number): LeaseVerdict {
  const row = engine.deliveries.recordOf(pk);
  return row ? { kind: "done", delivery: deliveryRecord(row) } : { kind: "not_found" };
}
