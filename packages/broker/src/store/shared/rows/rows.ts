/** Rows as an engine returns them, and the records the mesh gets. */
import {
  type AgentId,
  type Delivery,
  type DeliveryId,
  type DeliveryState,
  type InboxEntry,
  MAX_NAMED_PER_PUBLISH,
  type Message,
  type MessageId,
  Party,
  type Subscription,
  type ThreadId,
  type Trust,
} from "@agentmesh/protocol";
import * as z from "zod";
import { urgencyOf } from "../../../mesh/acceptance/urgency.ts";
import { timestamp } from "../../../mesh/clock.ts";
import type { Delayed, DeliveryRecord, Skipped } from "../../../mesh/store.ts";
import { DAMAGED_TEXT, isIntact } from "./body.ts";

/** A message with its sender, and the name of the recipient it is shown for. */
export interface MessageRow {
  readonly message_id: MessageId;
  readonly kind: string;
  readonly topic: string | null;
  readonly sender_pk: number;
  readonly sender_id: AgentId;
  readonly sender_name: string;
  readonly sender_trust: Trust;
  readonly recipient_name: string;
  readonly body: string;
  readonly body_bytes: number;
  readonly body_hash: string;
  readonly thread_id: ThreadId;
  readonly in_reply_to: MessageId | null;
  readonly hops: number;
  readonly urgency: number;
  readonly accepted_at: number;
  /** End of life: the message's, or that of the delivery it is shown with. */
  readonly expires_at: number;
  /** When the answer to an ask is overdue. */
  readonly answer_by: number | null;
  /** When nobody was to owe it any more. */
  readonly answer_waived_at: number | null;
}

/** A delivery joined with its message, its sender and its recipient. */
export interface DeliveryRow extends MessageRow {
  readonly pk: number;
  readonly id: DeliveryId;
  readonly seq: number;
  /** Its trust class; null for notices, and what an earlier version accepted. */
  readonly trust: string | null;
  readonly state: DeliveryState;
  readonly attempt: number;
  readonly failures: number;
  readonly ready_at: number;
  /** Whom `ready_at` keeps from it. */
  readonly delayed: Delayed;
  readonly receipt: string | null;
  readonly session_id: string | null;
  readonly lease_ends_at: number | null;
  readonly reason: string | null;
  readonly ended_at: number | null;
  readonly recipient_pk: number;
  readonly recipient_id: AgentId;
  readonly message_pk: number;
}

/** A delivery as its owner's verbs need it: without its message. */
export interface OwnDeliveryRow
  extends Pick<
    DeliveryRow,
    | "pk"
    | "id"
    | "state"
    | "attempt"
    | "failures"
    | "receipt"
    | "session_id"
    | "lease_ends_at"
    | "expires_at"
    | "recipient_pk"
    | "recipient_id"
    | "sender_pk"
    | "sender_id"
  > {
  readonly bytes: number;
}

/** A delivery and whose it is. */
export type DeliveryPartyRow = Pick<DeliveryRow, "id" | "seq" | "state" | "recipient_id" | "recipient_name">;

/** A message as it may be shown; one that was just written need not be compared with what was accepted. */
export function messageOf(row: MessageRow, intact = isIntact(row)): Message {
  return {
    id: row.message_id,
    kind: row.kind,
    from: { id: row.sender_id, name: row.sender_name },
    trust: row.sender_trust,
    to: row.topic ?? row.recipient_name,
    ...(row.topic !== null && { topic: row.topic }),
    urgency: urgencyOf(row.urgency),
    body: intact ? row.body : DAMAGED_TEXT,
    ...(!intact && { damaged: true }),
    bodyBytes: row.body_bytes,
    threadId: row.thread_id,
    ...(row.in_reply_to !== null && { inReplyTo: row.in_reply_to }),
    hops: row.hops,
    acceptedAt: timestamp(row.accepted_at),
    expiresAt: timestamp(row.expires_at),
    ...(row.answer_by !== null && { answerBy: timestamp(row.answer_by) }),
    ...(row.answer_waived_at !== null && { answerWaivedAt: timestamp(row.answer_waived_at) }),
  };
}

/** What is shown of a delivery beside its message. */
export type ShownDeliveryRow = Pick<
  DeliveryRow,
  | "id"
  | "seq"
  | "recipient_id"
  | "recipient_name"
  | "trust"
  | "state"
  | "attempt"
  | "ready_at"
  | "delayed"
  | "lease_ends_at"
  | "session_id"
  | "reason"
>;

export function deliveryOf(row: ShownDeliveryRow, now: number): Delivery {
  return {
    id: row.id,
    seq: row.seq,
    to: { id: row.recipient_id, name: row.recipient_name },
    ...(row.trust !== null && { trust: row.trust }),
    state: row.state,
    attempt: row.attempt,
    ...(row.state === "queued" &&
      row.ready_at > now && { [row.delayed === "webhook" ? "postAt" : "readyAt"]: timestamp(row.ready_at) }),
    ...(row.lease_ends_at !== null && { leaseEndsAt: timestamp(row.lease_ends_at) }),
    ...(row.session_id !== null && { holder: row.session_id }),
    ...(row.reason !== null && { reason: row.reason }),
  };
}

const SkippedList = z.array(z.object({ agent: Party, why: z.enum(["sender", "inbox_full", "refused", "archived"]) }));

// An older broker kept the list alone, and all of it.
const SkippedCount = z.union([
  z.object({ skipped: SkippedList, count: z.int() }),
  SkippedList.transform((skipped) => ({ skipped, count: skipped.length })),
]);

/** The first subscribers that were skipped, as they were stored, and how many there were. */
export function skippedOf(json: string | null): { readonly skipped: Skipped[]; readonly count: number } {
  const { skipped, count } = json === null ? { skipped: [], count: 0 } : SkippedCount.parse(JSON.parse(json));
  return { skipped: skipped.slice(0, MAX_NAMED_PER_PUBLISH), count };
}

/** A subscription with its agent. */
export interface SubscriptionRow {
  readonly agent_pk: number;
  readonly agent_id: AgentId;
  readonly agent_name: string;
  readonly archived_at: number | null;
  readonly pattern: string;
  readonly since: number;
}

export function subscriptionOf(row: SubscriptionRow): Subscription {
  return {
    agent: { id: row.agent_id, name: row.agent_name },
    topic: row.pattern,
    since: timestamp(row.since),
  };
}

export function inboxEntryOf(row: DeliveryRow, now: number): InboxEntry {
  return { ...deliveryOf(row, now), message: messageOf(row) };
}

export function deliveryRecord(row: Pick<DeliveryRow, "id" | "state" | "attempt" | "lease_ends_at">): DeliveryRecord {
  return { id: row.id, state: row.state, attempt: row.attempt, leaseEndsAt: row.lease_ends_at ?? undefined };
}
