/** Messages: what is sent, and what the sender is told. */
import * as z from "zod";
import { Dialog, Doubt, ListedPushPath, Presence, Trust } from "../agent.ts";
import { Party } from "../agent-party.ts";
import { Focus } from "../focus.ts";
import { DeliveryId, MessageId, MessageRef, ThreadId } from "../ids.ts";
import { DEFAULT_TTL_MS, MAX_TTL_MS, MIN_TTL_MS } from "../limits.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";
import { Timestamp } from "../time.ts";
import { AppliedRule, Urgency } from "../urgency.ts";
import { DeliveryState } from "./delivery-state.ts";
import { Body, ByProgram, IdempotencyKey } from "./message-parts.ts";

/** Immutable content from one sender to one address. */
export const Message = object(() => ({
  id: MessageId,
  kind: z.string().default("message").meta({
    description:
      "message; from the mesh itself: bounce (yours died, expired or got no answer) or nudge (you owe an answer)",
  }),
  from: Party,
  trust: Trust.default("verified").meta({ description: "of its sender; unverified: it came without a token" }),
  to: z.string().meta({ description: "the address as resolved: the recipient's name, or the topic" }),
  topic: z.string().optional().meta({ description: "set when it was published on a topic" }),
  urgency: Urgency.default("normal"),
  body: z.string(),
  damaged: z.boolean().optional().meta({ description: "the body is no longer what was accepted, and is not shown" }),
  bodyBytes: z.int(),
  threadId: ThreadId,
  inReplyTo: MessageId.optional(),
  hops: z
    .int()
    .nonnegative()
    .default(0)
    .meta({ description: "answers in a row by agents before it; a person's has 0" }),
  acceptedAt: Timestamp,
  expiresAt: Timestamp,
  answerBy: Timestamp.optional().meta({ description: "it is an ask: its sender waits for an answer until then" }),
  answerWaivedAt: Timestamp.optional().meta({
    description: "its answer was waived then: nobody waits for it any more",
  }),
}));
export type Message = z.infer<typeof Message>;

/** Sends one message to one agent, or replies to one message (`inReplyTo` without `to` goes to its sender). */
export const SendRequest = strictObject(() => ({
  to: z.string().min(1).max(128).optional().meta({ description: "name or id of the recipient" }),
  body: Body,
  urgency: Urgency.default("normal"),
  inReplyTo: MessageRef.optional().meta({ description: "message answered; its delivery to you is acked by this" }),
  threadId: ThreadId.optional(),
  byProgram: ByProgram,
  from: z.string().optional().meta({ description: "may be left out; another sender than the token's is refused" }),
  idempotencyKey: IdempotencyKey.optional(),
  ttlMs: z.int().min(MIN_TTL_MS).max(MAX_TTL_MS).default(DEFAULT_TTL_MS).meta({
    description: "life of the message in milliseconds",
  }),
})).refine((request) => request.to !== undefined || request.inReplyTo !== undefined, {
  error: 'name the recipient in "to", or the message you answer in "inReplyTo"',
});
export type SendRequest = z.infer<typeof SendRequest>;

/** Something the sender should know although the message was accepted. */
export const Warning = object(() => ({
  code: z.string().meta({
    description:
      "recipient_offline, namesake_online, renamed, recipient_stale, recipient_at_dialog, no_push_path, push_path_failing, backlog; later versions may know more",
  }),
  detail: z.string(),
}));
export type Warning = z.infer<typeof Warning>;

/** What is known about one delivery and its recipient at the moment of the answer. */
export const DeliveryForecast = object(() => ({
  deliveryId: DeliveryId,
  seq: z.int().positive(),
  to: Party,
  state: DeliveryState,
  rule: AppliedRule,
  recipient: z.object({
    presence: Presence,
    heardMs: z
      .int()
      .nonnegative()
      .optional()
      .meta({ description: "of one that is online: how long ago it was last heard of, in milliseconds" }),
    doubt: Doubt.optional(),
    dialog: Dialog.optional(),
    pushPaths: z.array(ListedPushPath),
    focus: Focus.optional(),
    queued: z.int().nonnegative(),
    inHand: z.int().nonnegative().default(0),
    oldestQueuedMs: z.int().nonnegative().optional(),
  }),
  warnings: z.array(Warning),
}));
export type DeliveryForecast = z.infer<typeof DeliveryForecast>;

/** The message is on disk. `duplicate` says that this key and content had been accepted before. */
export const SendReply = object(() => ({
  messageId: MessageId,
  threadId: ThreadId,
  acceptedAt: Timestamp,
  expiresAt: Timestamp,
  duplicate: z.boolean(),
  deliveries: z.array(DeliveryForecast),
}));
export type SendReply = z.infer<typeof SendReply>;
