/** Needs: what waits for a person, each with since when and what ends it. */
import * as z from "zod";
import { Party } from "../agent-party.ts";
import { DeliveryId, MessageId } from "../ids.ts";
import { object } from "../shapes/lazy-object.ts";
import { Timestamp } from "../time.ts";
import { MAX_NEEDS_OF_A_KIND } from "./counted.ts";

/** Kinds of needs, the worst first: what nobody but a person ends, then what is lost if nobody comes, then what goes slowly. */
export const NeedKind = z.enum([
  "disk",
  "question",
  "held",
  "dead",
  "nearly_full",
  "deadlock",
  "loop",
  "overdue",
  "webhook",
  "push",
  "backlog",
  "mail",
]);
export type NeedKind = z.infer<typeof NeedKind>;

/** What a person can do about a need. */
export const NeedAct = z.enum([
  "answer",
  "admit",
  "refuse",
  "redrive",
  "dismiss",
  "ask_again",
  "waive",
  "test_webhook",
  "ping",
  "look",
]);
export type NeedAct = z.infer<typeof NeedAct>;

/** One thing that ends a need, or leads to what does: the act, and the command line that does it. */
export const NeedRemedy = object(() => ({
  act: z.union([NeedAct, z.string()]).meta({ description: "later versions may know more" }),
  command: z.string().meta({ description: "as it is typed; `…` where a text of the person goes" }),
}));
export type NeedRemedy = z.infer<typeof NeedRemedy>;

/** Most ids of dead letters that a need names; the others of the same reason come when these are ended. */
export const MAX_LETTERS_PER_NEED = 100;

/** From how much of its room on an inbox is nearly full. */
export const NEARLY_FULL = 0.8;

/** From how many waiting messages on, or from how many milliseconds of waiting on, an agent that is online has a backlog. */
export const BACKLOG_MESSAGES = 25;
export const BACKLOG_MS = 120_000;

/** How long a refusal of the loop guard, or of a question that would close a ring, is told, in milliseconds: ten minutes. */
export const REFUSAL_TOLD_MS = 600_000;

/** One thing that waits for a person. */
export const Need = object(() => ({
  kind: z.union([NeedKind, z.string()]).meta({ description: "later versions may know more" }),
  key: z.string().meta({ description: "the same as long as it is the same need" }),
  since: Timestamp,
  why: z.string().meta({ description: "why it waits; words of agents stand in it as they wrote them" }),
  agent: Party.optional().meta({
    description: "who was asked, whose inbox, push path or webhook it is, or who could not be written to",
  }),
  from: Party.optional().meta({ description: "who asked, sent, or was refused" }),
  messageId: MessageId.optional().meta({ description: "the message; of dead letters the oldest" }),
  preview: z.string().optional().meta({ description: "first 120 characters of that message" }),
  deliveries: z
    .array(DeliveryId)
    .optional()
    .meta({
      description: `what is held, or the oldest ${MAX_LETTERS_PER_NEED} dead letters of one agent and one reason`,
    }),
  count: z
    .int()
    .optional()
    .meta({
      description: `dead letters of that reason, refusals, or messages that wait; of letters ${MAX_NEEDS_OF_A_KIND} for any more`,
    }),
  path: z.string().optional().meta({ description: "the push path that fails, or was never proven" }),
  remedies: z.array(NeedRemedy).meta({ description: "the best first" }),
}));
export type Need = z.infer<typeof Need>;
