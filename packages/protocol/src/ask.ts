/** Asks: a message that expects an answer, waited for a while and owed until it is given. */
import * as z from "zod";
import { Party } from "./agent-party.ts";
import { DeliveryId, MessageId, SessionId, ThreadId } from "./ids.ts";
import { DEFAULT_ANSWER_MS, DEFAULT_LEASE_MS, DEFAULT_TTL_MS, MAX_TTL_MS, MAX_WAIT_MS, MIN_TTL_MS } from "./limits.ts";
import { LeaseMs, Receipt } from "./message/lease.ts";
import { DeliveryForecast, Message } from "./message/message.ts";
import { Body, ByProgram, IdempotencyKey } from "./message/message-parts.ts";
import { deliveryTrust } from "./message/trust-class.ts";
import { object, strictObject } from "./shapes/lazy-object.ts";
import { Timestamp } from "./time.ts";
import { Urgency } from "./urgency.ts";

/** Asks one agent and waits up to `waitMs`; the same key again goes on waiting for the same answer. */
export const AskRequest = strictObject(() => ({
  to: z.string().min(1).max(128).meta({ description: "name or id of the agent asked" }),
  body: Body,
  urgency: Urgency.exclude(["fyi"]).default("normal"),
  waitMs: z.int().min(0).max(MAX_WAIT_MS).default(30_000).meta({ description: "how long this call waits" }),
  answerWithinMs: z.int().min(MIN_TTL_MS).max(MAX_TTL_MS).default(DEFAULT_ANSWER_MS).meta({
    description:
      "when the answer is overdue: then the agent asked is reminded once, after as long again the asker is told",
  }),
  lease: z
    .strictObject({
      leaseMs: LeaseMs.default(DEFAULT_LEASE_MS),
      session: SessionId.optional().meta({ description: "holder; the lease returns when the session ends" }),
    })
    .optional()
    .meta({
      description: "gives the answer under a lease, and you ack it; left out, it is acked when this reply was written",
    }),
  byProgram: ByProgram,
  threadId: ThreadId.optional(),
  idempotencyKey: IdempotencyKey.optional(),
  ttlMs: z.int().min(MIN_TTL_MS).max(MAX_TTL_MS).default(DEFAULT_TTL_MS),
}));
export type AskRequest = z.infer<typeof AskRequest>;

/**
 * `replied` with the answer; `pending`: time over is no failure, a late answer comes into the asker's inbox; or `ended`:
 * the question was given up, refused, taken back or has expired, or its answer was waived, and none is waited for any more.
 */
export const AskReply = object(() => ({
  status: z.enum(["replied", "pending", "ended"]),
  messageId: MessageId,
  threadId: ThreadId,
  dueAt: Timestamp,
  duplicate: z.boolean(),
  delivery: DeliveryForecast,
  endedWhy: z.string().optional().meta({ description: "why the question ended without an answer" }),
  reply: Message.optional(),
  replyTrust: deliveryTrust,
  replyDelivery: object(() => ({
    id: DeliveryId,
    receipt: Receipt.optional(),
    leaseEndsAt: Timestamp.optional(),
  }))
    .optional()
    .meta({ description: "the answer in your inbox; with a receipt where this call has leased it" }),
}));
export type AskReply = z.infer<typeof AskReply>;

/** An ask without an answer yet. */
export const OpenAsk = object(() => ({
  messageId: MessageId,
  seq: z.int().positive().meta({ description: "its number in the inbox of the agent that owes the answer" }),
  from: Party,
  to: Party,
  askedAt: Timestamp,
  dueAt: Timestamp,
  overdue: z.boolean(),
  preview: z.string().meta({ description: "first 120 characters of the question" }),
}));
export type OpenAsk = z.infer<typeof OpenAsk>;

/** A question whose answer nobody owes any more: who asked, who owed it, and since when. */
export const WaiveReply = object(() => ({ messageId: MessageId, from: Party, to: Party, waivedAt: Timestamp }));
export type WaiveReply = z.infer<typeof WaiveReply>;
