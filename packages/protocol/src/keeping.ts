/** What is kept, of whom: what counts into the quotas of history and everything else that stays. */
import * as z from "zod";
import { Party } from "./agent-party.ts";
import { object } from "./shapes/lazy-object.ts";
import { Timestamp } from "./time.ts";

/** What one message counts beside twice its body, for the text and the index of its words. */
export const KEPT_BYTES_PER_MESSAGE = 1_024;

/** What each delivery of a message counts, with its timeline. */
export const KEPT_BYTES_PER_DELIVERY = 1_024;

/** What a subscription counts. */
export const KEPT_BYTES_PER_SUBSCRIPTION = 512;

/** What counts as kept of one sender. */
export const Keeper = object(() => ({
  agent: Party,
  isGone: z.boolean().meta({ description: "the agent was removed; what it had sent is kept for its time" }),
  messages: z.int().nonnegative(),
  bytes: z
    .int()
    .nonnegative()
    .meta({ description: "of bodies, indexes, deliveries and subscriptions, as docs/protocol.md counts" }),
  oldestAt: Timestamp.optional().meta({ description: "when the oldest of its messages was accepted" }),
}));
export type Keeper = z.infer<typeof Keeper>;

/** What counts as kept of all senders, and the quotas; a quota of 0 is none. */
export const KeepingStatus = object(() => ({
  messages: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  maxMessages: z.int().nonnegative(),
  maxBytes: z.int().nonnegative(),
  agentMaxMessages: z.int().nonnegative(),
  agentMaxBytes: z.int().nonnegative(),
  letGo: z
    .object({
      messages: z.int().nonnegative(),
      until: Timestamp.meta({ description: "when the newest of them had been accepted" }),
    })
    .optional()
    .meta({ description: "history that a quota did not let stay for the retention time" }),
}));
export type KeepingStatus = z.infer<typeof KeepingStatus>;
