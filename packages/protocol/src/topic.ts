/** Topics and subscriptions: named points of publication, and standing requests for what is published there. */
import * as z from "zod";
import { Party } from "./agent-party.ts";
import { AgentId, MessageId, ThreadId } from "./ids.ts";
import { DEFAULT_TTL_MS, MAX_NAMED_PER_PUBLISH, MAX_RETAINED, MAX_TTL_MS, MIN_TTL_MS } from "./limits.ts";
import { DeliveryForecast } from "./message/message.ts";
import { Body, ByProgram, IdempotencyKey } from "./message/message-parts.ts";
import { object, strictObject } from "./shapes/lazy-object.ts";
import { Timestamp } from "./time.ts";
import { Urgency } from "./urgency.ts";

const WORD = "[a-z0-9_-]+";

/** Name of a topic: words of `a-z 0-9 _ -` joined by dots, e.g. `build.api.failed`. */
export const TopicName = z
  .string()
  .max(200)
  .regex(new RegExp(`^${WORD}(\\.${WORD}){0,15}$`), "words of a-z 0-9 _ - joined by dots, at most 16")
  .meta({ description: "e.g. build.api.failed" });
export type TopicName = z.infer<typeof TopicName>;

/** A topic, or a pattern as in NATS subjects: `*` stands for one word, `>` at the end for one or more. */
export const TopicPattern = z
  .string()
  .max(200)
  .regex(
    new RegExp(`^(>|(${WORD}|\\*)(\\.(${WORD}|\\*)){0,15}(\\.>)?)$`),
    "a topic; * stands for one word, > at the end for one or more",
  )
  .meta({ description: "e.g. build.*.failed or build.>" });
export type TopicPattern = z.infer<typeof TopicPattern>;

/** Whether a topic is one that a pattern means. */
export function topicMatches(pattern: TopicPattern, topic: TopicName): boolean {
  const wanted = pattern.split(".");
  const words = topic.split(".");
  for (const [i, want] of wanted.entries()) {
    if (want === ">") return words.length > i;
    if (words[i] === undefined || (want !== "*" && want !== words[i])) return false;
  }
  return wanted.length === words.length;
}

/** An agent's standing request to get what is published on the topics a pattern means. */
export const Subscription = object(() => ({ agent: Party, topic: TopicPattern, since: Timestamp }));
export type Subscription = z.infer<typeof Subscription>;

/** Where a page of subscriptions begins: the agent and pattern of the one before it. */
export const SubscriptionCursor = z
  .string()
  .max(260)
  .refine((text) => {
    const [agent, pattern, ...rest] = text.split("/");
    return rest.length === 0 && AgentId.safeParse(agent).success && TopicPattern.safeParse(pattern).success;
  }, "the nextAfter of an earlier page");

/** Subscribes; with `retained`, the newest messages published there before come into the inbox too. */
export const SubscribeRequest = strictObject(() => ({
  topic: TopicPattern,
  retained: z.int().min(0).max(MAX_RETAINED).default(0).meta({ description: "how many earlier messages to get" }),
}));
export type SubscribeRequest = z.infer<typeof SubscribeRequest>;

/** The subscription, whether it is new, and how many earlier messages were put into the inbox or did not fit. */
export const SubscribeReply = object(() => ({
  subscription: Subscription,
  created: z.boolean(),
  retained: z.int().nonnegative(),
  leftOut: z.int().nonnegative().default(0).meta({ description: "earlier messages that the full inbox did not take" }),
}));
export type SubscribeReply = z.infer<typeof SubscribeReply>;

/** Publishes one message to everybody who is subscribed now; the sender gets no copy. */
export const PublishRequest = strictObject(() => ({
  body: Body,
  urgency: Urgency.default("normal"),
  byProgram: ByProgram,
  threadId: ThreadId.optional(),
  idempotencyKey: IdempotencyKey.optional(),
  ttlMs: z.int().min(MIN_TTL_MS).max(MAX_TTL_MS).default(DEFAULT_TTL_MS),
}));
export type PublishRequest = z.infer<typeof PublishRequest>;

/** Every subscriber is counted: as accepted, with a delivery, or as skipped, with a reason. The first of each are named. */
export const PublishReply = object(() => ({
  messageId: MessageId,
  threadId: ThreadId,
  topic: TopicName,
  acceptedAt: Timestamp,
  expiresAt: Timestamp,
  duplicate: z.boolean(),
  accepted: z.array(DeliveryForecast).meta({ description: `the first ${MAX_NAMED_PER_PUBLISH}` }),
  skipped: z
    .array(z.object({ agent: Party, why: z.string().meta({ description: "sender, inbox_full, refused or archived" }) }))
    .meta({ description: `the first ${MAX_NAMED_PER_PUBLISH}` }),
  counts: z
    .object({ accepted: z.int().nonnegative(), skipped: z.int().nonnegative() })
    .optional()
    .meta({ description: "of all subscribers; left out by a broker that names all of them" }),
}));
export type PublishReply = z.infer<typeof PublishReply>;

/** A topic that was published on. */
export const Topic = object(() => ({
  topic: TopicName,
  messages: z.int().nonnegative().meta({ description: "messages kept, at most the retained number" }),
  subscribers: z.int().nonnegative(),
  lastPublishedAt: Timestamp,
}));
export type Topic = z.infer<typeof Topic>;
