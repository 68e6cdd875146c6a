/** Deliveries: one message in one inbox, listed, traced and logged. */
import * as z from "zod";
import { Party } from "../agent-party.ts";
import { DeliveryId, MessageId } from "../ids.ts";
import { object } from "../shapes/lazy-object.ts";
import { Timestamp } from "../time.ts";
import { DeliveryState } from "./delivery-state.ts";
import { Message } from "./message.ts";
import { deliveryTrust } from "./trust-class.ts";

/** One message for one inbox. `seq` counts 1, 2, 3 … per inbox in the order of acceptance. */
export const Delivery = object(() => ({
  id: DeliveryId,
  seq: z.int().positive(),
  to: Party,
  trust: deliveryTrust,
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
  "waived",
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

/** What became of the answer: `came`, `awaited` until `dueAt`, `overdue` since then, or `not_coming`, also once it was waived. */
export const TracedAnswer = object(() => ({
  status: z.enum(["came", "awaited", "overdue", "not_coming"]),
  from: Party.meta({ description: "who answered, or owes the answer" }),
  dueAt: Timestamp.optional().meta({ description: "until when the sender waits; set for an ask" }),
  messageId: MessageId.optional().meta({ description: "the answer" }),
  acceptedAt: Timestamp.optional().meta({ description: "when it came" }),
  preview: z.string().optional().meta({ description: "first 120 characters of the answer" }),
  why: z.string().optional().meta({ description: "set for one that is not coming because it was waived: by whom" }),
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
