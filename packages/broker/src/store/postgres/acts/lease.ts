/** The acts on leases: take, ack, give back, end. */
import type { AckEvidence, AgentId, DeliveryRef, LeasedDelivery, Message } from "@agentmesh/protocol";
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
  leasedDelivery,
  leastPushed,
  newReceipt,
  outcomeOf,
  RAN_OUT,
  RESTARTED,
  type Taken,
} from "../../shared/leasing.ts";
import type { LeaseRow } from "../../shared/rows/deliveries.ts";
import { type DeliveryRow, deliveryRecord, messageOf, type OwnDeliveryRow } from "../../shared/rows/rows.ts";
import { each, ROWS, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { endUnacked } from "./end.ts";
import { heardOfHolder } from "./heard.ts";
import { lockFound } from "./lock-found.ts";

/**
 * Leases what is ready, interrupts first, then in inbox order, within the caller's credit and the bytes of one read; behind
 * what earlier slices took `before`.
 */
export async function takeLeases(
  engine: Engine,
  context: EngineContext,
  terms: LeaseTerms,
  before: readonly LeasedRecord[] = [],
): Promise<Taken> {
  const { agents, deliveries, deliveryPages, sessions } = engine;
  const agent = await agents.lockedRow(terms.agentId);
  if (!agent) return { leased: [], queued: 0, silent: false, more: false };
  const none = { leased: [], queued: agent.queued_count, more: false };
  const { session = null, stream } = terms;
  const push: PushTerms | undefined = stream ?? terms.push;
  const last = push?.webhook?.last;
  const lastPk = last && (await deliveries.own(terms.agentId, last))?.pk;
  // A stream can outlive its session by a moment; what is leased to nobody would only have to come back.
  const holder = session === null ? undefined : await sessions.holder(session);
  if (session !== null && !holder) return { ...none, silent: false };
  if (stream && holder?.silent) return { ...none, silent: true };
  const credit = stream && holder ? stream.maxInFlight - holder.streamed : terms.max;
  const max = Math.min(terms.max - before.length, credit, ROWS);
  if (max <= 0) return { ...none, silent: false };
  const found = await deliveryPages.leasable({
    agent: agent.pk,
    session,
    maxPushes: push?.maxPushes ?? null,
    leastUrgency: push ? leastPushed(agent, push.urgency ?? "fyi", context.now) : 0,
    webhook: push?.webhook ? 1 : 0,
    max: lastPk === undefined ? max : max + 1,
  });
  const ready = found.toSorted((a, b) => Number(a.pk === lastPk) - Number(b.pk === lastPk)).slice(0, max);
  const leased: LeasedRecord[] = [];
  let bytes = sum(before.map(({ delivery }) => delivery.message.bodyBytes));
  let isFull = false;
  for (const { pk, bytes: size } of ready) {
    bytes += size;
    isFull = before.length + leased.length > 0 && bytes > terms.maxBytes;
    if (isFull) break;
    const row = await deliveries.byPk(pk);
    if (!row) continue;
    const message = messageOf(row);
    if (message.damaged) {
      context.damage.note(row.message_pk);
      continue;
    }
    const { delivery, position } = await leaseRow(engine, row, message, { ...terms, isStreamed: stream !== undefined });
    leased.push({ delivery, streamPosition: position });
  }
  const more = !isFull && leased.length === ROWS && before.length + leased.length < terms.max;
  return { leased, queued: agent.queued_count - leased.length, silent: false, more };
}

/** Leases what is queued, in an inbox that is locked, and notes it; `position` is where. */
export async function leaseRow(
  { deliveries, timeline }: Engine,
  row: DeliveryRow,
  message: Message,
  terms: Pick<LeaseTerms, "session" | "leaseMs"> & { readonly isStreamed: boolean },
): Promise<{ readonly delivery: LeasedDelivery; readonly position: number }> {
  const { session = null, leaseMs: ms, isStreamed } = terms;
  const receipt = newReceipt();
  const attempt = row.attempt + 1;
  const position = await timeline.note(row.pk, "leased", { attempt, session, parties: row });
  const lease = { receipt, session, ms, position: isStreamed ? position : null };
  const endsAt = await deliveries.markLeased(row.pk, lease);
  return { delivery: leasedDelivery(row, { attempt, receipt, endsAt }, message), position };
}

/** Acks for the owner; a receipt must be the current one. Acking twice is the same as once. */
export async function ackDelivery(
  engine: Engine,
  context: EngineContext,
  agentId: AgentId,
  ref: DeliveryRef,
  receipt: string | undefined,
  evidence: AckEvidence,
): Promise<AckVerdict> {
  const { agents, deliveries, sessions, timeline } = engine;
  await agents.lock([await agents.pkOf(agentId)]);
  const row = await deliveries.own(agentId, ref);
  if (!row) return { kind: "not_found" };
  await heardOfHolder(engine, context, row);
  if (row.state === "acked") return { kind: "acked_before", delivery: deliveryRecord(row) };
  if (row.state !== "queued" && row.state !== "leased") return { kind: "settled", delivery: deliveryRecord(row) };
  if (receipt !== undefined && receipt !== row.receipt) return { kind: "lease_lost", delivery: deliveryRecord(row) };
  // A person who reads the inbox beside it shows nothing of the stream.
  if (evidence !== "read") await sessions.prove(row);
  await deliveries.markEnded(row.pk, "acked", evidence);
  const { attempt, session_id: session } = row;
  await timeline.note(row.pk, "acked", { attempt, session, reason: evidence, parties: row });
  context.hints.ready(agentId);
  return done(engine, row.pk);
}

/** Whose delivery an act is on, and under which lease. */
export interface UnderLease {
  readonly agentId: AgentId;
  readonly ref: DeliveryRef;
  readonly receipt: string;
}

/** Runs `act` on a delivery whose current lease is this receipt's; its sender may be told something in it. */
export async function underLease(
  engine: Engine,
  context: EngineContext,
  { agentId, ref, receipt }: UnderLease,
  act: (row: OwnDeliveryRow) => Promise<void>,
): Promise<LeaseVerdict> {
  const { agents, deliveries } = engine;
  const found = await deliveries.own(agentId, ref);
  if (!found) return { kind: "not_found" };
  await agents.lockWithMesh([found.recipient_pk, found.sender_pk]);
  const row = await deliveries.own(agentId, ref);
  if (!row) return { kind: "not_found" };
  await heardOfHolder(engine, context, row);
  if (row.state !== "queued" && row.state !== "leased") return { kind: "settled", delivery: deliveryRecord(row) };
  if (row.receipt !== receipt) return { kind: "lease_lost", delivery: deliveryRecord(row) };
  await act(row);
  return done(engine, row.pk);
}

/** Returns a lease that ran out; a stream's session of which nothing was heard in it is silent from now on. */
export async function runOut(
  engine: Engine,
  context: EngineContext,
  lease: LeaseRow,
  retry: RetryPolicy,
): Promise<void> {
  const { session_id: session, stream_position: position } = lease;
  if (session !== null && position !== null) await engine.sessions.silence(session, position);
  // A holder that reported a push has done its part.
  await giveBack(engine, context, lease, {
    ...{ event: "released", reason: RAN_OUT, failed: !lease.pushed, delayMs: undefined, retry },
  });
}

/** Returns one leased delivery to its inbox, or ends it; its recipient, its sender and the mesh are locked. */
export async function giveBack(
  engine: Engine,
  context: EngineContext,
  lease: GivenBack,
  terms: GivingBack,
): Promise<void> {
  const { deliveries, timeline } = engine;
  const { attempt, session_id: session } = lease;
  await timeline.note(lease.pk, terms.event, { attempt, session, reason: terms.reason });
  const outcome = outcomeOf(lease, terms, context.now);
  if ("ending" in outcome) await endUnacked(engine, context, lease.pk, outcome.ending);
  else {
    const { failures, delay } = outcome;
    await deliveries.markQueued(lease.pk, failures, delay, terms.reason);
    if (delay.ms === 0 || delay.delayed === "webhook") context.hints.ready(lease.agent_id);
  }
  if (session !== null) context.hints.ready(lease.agent_id);
}

/**
 * Returns what an earlier broker process had leased, a slice at a time. Nothing ends here, also not what is past its life: the
 * sweeper does that, and tells the senders.
 */
export async function voidLeases(engine: Engine): Promise<Slice<number>> {
  const { brokers, deliveries, deliveryPages, timeline } = engine;
  const { rows, more } = await lockFound(engine, ROWS, deliveryPages.allLeased);
  await brokers.forgetOthers();
  const { part } = await each(rows, ROWS, async ({ pk, attempt, failures, session_id: session }) => {
    await timeline.note(pk, "released", { attempt, session, reason: RESTARTED });
    await deliveries.markQueued(pk, failures, { ms: 0, delayed: "everybody" }, RESTARTED);
  });
  return { part, more };
}

/** The delivery as it is after an act. */
export async function done(engine: Engine, pk: number): Promise<LeaseVerdict> {
  const row = await engine.deliveries.recordOf(pk);
  return row ? { kind: "done", delivery: deliveryRecord(row) } : { kind: "not_found" };
}
