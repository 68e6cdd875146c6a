/** Deliveries: one message in one inbox, leased, acked, or given back. */
import * as z from "zod";
import { Party } from "../agent-party.ts";
import { DeliveryId, MessageId, SessionId } from "../ids.ts";
import { DEFAULT_LEASE_MS, MAX_DELIVERIES_PER_READ, MAX_LEASE_MS, MAX_WAIT_MS, MIN_LEASE_MS } from "../limits.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";
import { Timestamp } from "../time.ts";
import { Urgency } from "../urgency.ts";
import { DeliveryState } from "./delivery-state.ts";
import { Message } from "./message.ts";

/** One message for one inbox. `seq` counts 1, 2, 3 … per inbox in the order of acceptance. */
export const Delivery = object(() => ({
  id: DeliveryId,
  seq: z.int().positive(),
  to: Party,
  state: DeliveryState,
  attempt: z.int().nonnegative().meta({ description: "how many times it was leased" }),
  readyAt: Timestamp.optional().meta({ description: "when a returned delivery may be leased again" }),
  postAt: Timestamp.optional().meta({
    description: "when its webhook, which failed with it, is posted it again; whoever else asks may lease it now",
  }),
  leaseEndsAt: Timestamp.optional(),
  holder: z.string().optional().meta({ description: "session that holds the lease" }),
  reason: z.string().optional().meta({ description: "why it is dead, expired, or was returned" }),
}));
export type Delivery = z.infer<typeof Delivery>;

/** The message that another one answers, for whoever sent or got it. */
export const AnsweredQuestion = object(() => ({
  messageId: MessageId,
  from: Party,
  preview: z.string().meta({ description: "first 120 characters of the message that is answered" }),
}));
export type AnsweredQuestion = z.infer<typeof AnsweredQuestion>;

/** A delivery with its message, as an inbox page shows it. */
export const InboxEntry = object(() => ({
  ...Delivery.shape,
  message: Message,
  question: AnsweredQuestion.optional().meta({ description: "what the message answers" }),
}));
export type InboxEntry = z.infer<typeof InboxEntry>;

/** Opaque proof of a lease. */
export const Receipt = z.string().min(1).max(128);
export type Receipt = z.infer<typeof Receipt>;

/** A delivery under a lease; `redelivered` when it had been leased before. */
export const LeasedDelivery = object(() => ({
  id: DeliveryId,
  seq: z.int().positive(),
  attempt: z.int().positive(),
  redelivered: z.boolean(),
  receipt: Receipt,
  leaseEndsAt: Timestamp,
  message: Message,
}));
export type LeasedDelivery = z.infer<typeof LeasedDelivery>;

const leaseMs = z.int().min(MIN_LEASE_MS).max(MAX_LEASE_MS);

/** Takes up to `max` deliveries for `leaseMs`; with `waitMs`, waits that long for the first. */
export const LeaseRequest = strictObject(() => ({
  max: z.int().min(1).max(MAX_DELIVERIES_PER_READ).default(MAX_DELIVERIES_PER_READ),
  leaseMs: leaseMs.default(DEFAULT_LEASE_MS),
  waitMs: z.int().min(0).max(MAX_WAIT_MS).default(0),
  session: SessionId.optional().meta({ description: "holder; its leases return when the session ends" }),
  toPush: z
    .strictObject({
      urgency: Urgency.default("fyi"),
      maxPushes: z.int().min(1).max(100).optional(),
    })
    .optional()
    .meta({ description: "for a receiver that pushes what it leases: as a stream of these terms, focus included" }),
}));
export type LeaseRequest = z.infer<typeof LeaseRequest>;

/** The leased deliveries in inbox order, and how many still wait behind them. */
export const LeaseReply = object(() => ({ deliveries: z.array(LeasedDelivery), queued: z.int().nonnegative() }));
export type LeaseReply = z.infer<typeof LeaseReply>;

/** What showed that the recipient has the message; `taken`: its webhook answered 2xx; `transcript`: its session's own record. */
export const AckEvidence = z.enum(["handled", "read", "replied", "taken", "transcript"]);
export type AckEvidence = z.infer<typeof AckEvidence>;

/** Ends a delivery for good. Without `receipt` the owner acks late; with one, the lease must still be that one. */
export const AckRequest = strictObject(() => ({
  receipt: Receipt.optional(),
  evidence: AckEvidence.exclude(["taken"]).default("handled"),
}));
export type AckRequest = z.infer<typeof AckRequest>;

/** `duplicate`: it had been acked before. */
export const AckReply = object(() => ({ deliveryId: DeliveryId, state: DeliveryState, duplicate: z.boolean() }));
export type AckReply = z.infer<typeof AckReply>;

/** Gives a delivery back: to be leased again after `delayMs`, or by the backoff schedule. */
export const NackRequest = strictObject(() => ({
  receipt: Receipt,
  delayMs: z.int().min(0).max(MAX_LEASE_MS).optional(),
  reason: z.string().max(200).optional(),
}));
export type NackRequest = z.infer<typeof NackRequest>;

/** Renews a lease by `leaseMs` from now. */
export const ExtendRequest = strictObject(() => ({ receipt: Receipt, leaseMs: leaseMs.default(DEFAULT_LEASE_MS) }));
export type ExtendRequest = z.infer<typeof ExtendRequest>;

/** Refuses a delivery for good: it becomes a dead letter with this reason. */
export const RejectRequest = strictObject(() => ({ receipt: Receipt, reason: z.string().min(1).max(200) }));
export type RejectRequest = z.infer<typeof RejectRequest>;

/** Refuses a held delivery for good; its sender is told, with the reason if there is one. */
export const RefuseRequest = strictObject(() => ({ reason: z.string().min(1).max(200).optional() }));
export type RefuseRequest = z.infer<typeof RefuseRequest>;

/** Reports what a session did with a leased delivery: pushed it through a path, or could not. Never an ack. */
export const PushReport = strictObject(() => ({
  receipt: Receipt,
  path: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  failedWhy: z.string().max(200).optional(),
}));
export type PushReport = z.infer<typeof PushReport>;

/** The delivery after a verb on it: nack, extend, reject, redrive, dismiss, admit, refuse or a push report. */
export const DeliveryReply = object(() => ({
  deliveryId: DeliveryId,
  state: DeliveryState,
  attempt: z.int().nonnegative(),
  leaseEndsAt: Timestamp.optional(),
}));
export type DeliveryReply = z.infer<typeof DeliveryReply>;

/** What became of a message that its sender took back. */
export const CancelReply = object(() => ({
  messageId: MessageId,
  cancelled: z.int().nonnegative().meta({ description: "deliveries that nobody will get" }),
  given: z.int().nonnegative().meta({ description: "deliveries of a published message that were out already" }),
}));
export type CancelReply = z.infer<typeof CancelReply>;

/** What can happen to a delivery. */
export const TimelineEvent = z.enum([
  "accepted",
  "leased",
  "pushed",
  "push_failed",
  "extended",
  "nacked",
  "released",
  "acked",
  "rejected",
  "dead",
  "expired",
  "cancelled",
  "redriven",
  "dismissed",
  "bounced",
  "held",
  "admitted",
  "refused",
]);
export type TimelineEvent = z.infer<typeof TimelineEvent>;

/** One thing that happened to a delivery, in the order of happening. */
export const TimelineEntry = object(() => ({
  at: Timestamp,
  event: z.union([TimelineEvent, z.string()]).meta({ description: "later versions may know more" }),
  attempt: z.int().nonnegative(),
  session: z.string().optional(),
  path: z.string().optional().meta({ description: "push path, for pushed and push_failed" }),
  reason: z.string().optional().meta({ description: "evidence of an ack, or why it was returned" }),
}));
export type TimelineEntry = z.infer<typeof TimelineEntry>;

/** Why a delivery is not acked, and what can be done about it. */
export const Outlook = object(() => ({ cause: z.string(), remedy: z.string() }));
export type Outlook = z.infer<typeof Outlook>;

/** What became of the answer: `came`, `awaited` until `dueAt`, `overdue` since then, or `not_coming`. */
export const TracedAnswer = object(() => ({
  status: z.enum(["came", "awaited", "overdue", "not_coming"]),
  from: Party.meta({ description: "who answered, or owes the answer" }),
  dueAt: Timestamp.optional().meta({ description: "until when the sender waits; set for an ask" }),
  messageId: MessageId.optional().meta({ description: "the answer" }),
  acceptedAt: Timestamp.optional().meta({ description: "when it came" }),
  preview: z.string().optional().meta({ description: "first 120 characters of the answer" }),
}));
export type TracedAnswer = z.infer<typeof TracedAnswer>;

/** One delivery, what happened to it, why it is not acked, and the answer that was given or is awaited. */
export const TracedDelivery = object(() => ({
  ...Delivery.shape,
  answer: TracedAnswer.optional(),
  timeline: z.array(TimelineEntry),
  earlierSteps: z
    .boolean()
    .optional()
    .meta({ description: "more happened before; the log of its thread has those that are kept" }),
  outlook: Outlook.optional(),
}));
export type TracedDelivery = z.infer<typeof TracedDelivery>;

/** One message and what became of it, per recipient, a page at a time; `outlook` for a delivery that is not acked. */
export const MessageStatus = object(() => ({
  message: Message,
  question: AnsweredQuestion.optional().meta({ description: "what the message answers" }),
  deliveries: z.array(TracedDelivery),
  nextAfter: z.string().optional().meta({ description: "set when it has more deliveries: ask again with after" }),
}));
export type MessageStatus = z.infer<typeof MessageStatus>;

/** One line of the mesh's log: a timeline entry with the envelope of its message. */
export const LogEntry = object(() => ({
  ...TimelineEntry.shape,
  deliveryId: DeliveryId,
  seq: z.int().positive(),
  messageId: MessageId,
  threadId: z.string(),
  from: Party,
  to: Party,
  preview: z.string().meta({ description: "first 120 characters of the body" }),
}));
export type LogEntry = z.infer<typeof LogEntry>;
