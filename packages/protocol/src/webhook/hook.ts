/** Hooks, webhooks in: URLs at which programs outside the mesh post, and what becomes of a post. */
import * as z from "zod";
import { Party } from "../agent-party.ts";
import { HookId, MessageId } from "../ids.ts";
import { AgentName } from "../names/names.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";
import { Timestamp } from "../time.ts";
import { TopicName } from "../topic.ts";
import { Urgency } from "../urgency.ts";
import { WebhookSecret } from "./webhook-signature.ts";

/** How many hooks a mesh has at most. */
export const MAX_HOOKS = 256;

/** Who posts, by which it is known how posts are proven and what text is made of them. */
export const HookKind = z.enum(["github", "gitlab", "json"]);
export type HookKind = z.infer<typeof HookKind>;

/** A URL that takes posts. What comes is sent by an agent of its own, which nobody else acts as. */
export const Hook = object(() => ({
  id: HookId,
  kind: HookKind,
  agent: Party.meta({ description: "who its messages are from; without it the hook is gone" }),
  topic: TopicName.optional().meta({ description: "where its posts are published" }),
  recipient: Party.optional().meta({ description: "or the agent that they are sent to" }),
  urgency: Urgency,
  secretInUrl: z.boolean().meta({ description: "true: the secret may stand in the URL, for who can send no header" }),
  madeAt: Timestamp,
  lastAt: Timestamp.optional().meta({ description: "last post that was taken, to the minute" }),
  sealed: z.literal(true).optional().meta({ description: "its secret cannot be opened: the mesh key is another one" }),
}));
export type Hook = z.infer<typeof Hook>;

/** Makes a hook, for a topic or for an agent. */
export const MakeHookRequest = strictObject(() => ({
  kind: HookKind.default("json"),
  topic: TopicName.optional(),
  agent: z.string().min(1).max(128).optional().meta({ description: "name or id of the recipient, instead of a topic" }),
  name: AgentName.optional().meta({ description: "of the agent its messages are from; else made of kind and target" }),
  secret: WebhookSecret.optional().meta({
    description: "16 to 256 visible ASCII characters, or whsec_…; left out, the broker makes one and shows it once",
  }),
  urgency: Urgency.default("normal"),
  secretInUrl: z.boolean().default(false),
}));
export type MakeHookRequest = z.infer<typeof MakeHookRequest>;

/** The hook, its path, and where the broker is reached. */
export const MakeHookReply = object(() => ({
  hook: Hook,
  path: z.string().meta({ description: "of the URL to post to; with secretInUrl the secret stands in it" }),
  urls: z.array(z.string()).meta({ description: "addresses of the broker, the best first" }),
  secret: z.string().optional().meta({ description: "that the broker made; shown only now" }),
}));
export type MakeHookReply = z.infer<typeof MakeHookReply>;

/** What became of a post: the message that it is, or why it is none. */
export const TakeHookReply = object(() => ({
  messageId: MessageId.optional(),
  duplicate: z.boolean().meta({ description: "the same post was taken before" }),
  deliveries: z.int().nonnegative().meta({ description: "how many inboxes it came into" }),
  why: z.string().optional().meta({ description: "why nothing was made of it" }),
}));
export type TakeHookReply = z.infer<typeof TakeHookReply>;
