/** Identifiers: a UUIDv7 (RFC 9562) without dashes behind a prefix that names the noun. */
import * as z from "zod";

const uuidHex = z.string().regex(/^[0-9a-f]{32}$/);

function id<const P extends string>(prefix: P, noun: string) {
  return z.templateLiteral([prefix, uuidHex], { error: `${noun}: ${prefix} and 32 hex digits` });
}

/** Identifier of an agent. */
export const AgentId = id("agt_", "an agent's id");
export type AgentId = z.infer<typeof AgentId>;

/** Identifier of a session. */
export const SessionId = id("ses_", "a session's id");
export type SessionId = z.infer<typeof SessionId>;

/** Identifier of a message. */
export const MessageId = id("msg_", "a message's id");
export type MessageId = z.infer<typeof MessageId>;

/** Identifier of a delivery. */
export const DeliveryId = id("dlv_", "a delivery's id");
export type DeliveryId = z.infer<typeof DeliveryId>;

/** Identifier of a thread: the id of the message that began it, with its own prefix. */
export const ThreadId = id("thr_", "a thread's id");
export type ThreadId = z.infer<typeof ThreadId>;

/** Identifier of a machine that joined. */
export const MachineId = id("mch_", "a machine's id");
export type MachineId = z.infer<typeof MachineId>;

/** Identifier of an invite. */
export const InviteId = id("inv_", "an invite's id");
export type InviteId = z.infer<typeof InviteId>;

/** Identifier of a hook. */
export const HookId = id("hok_", "a hook's id");
export type HookId = z.infer<typeof HookId>;

/** Identifier of a browser's sign-in at the page. */
export const SignInId = id("sin_", "a sign-in's id");
export type SignInId = z.infer<typeof SignInId>;

/** Identifier of a read-only link to the page. */
export const PageLinkId = id("lnk_", "a read-only link's id");
export type PageLinkId = z.infer<typeof PageLinkId>;

/** How many digits of an id are enough to name it by its beginning. */
export const MIN_SHORT_ID_DIGITS = 8;

/** Of how many ids that begin alike an agent's or a machine's own are looked for. */
export const MAX_IDS_LOOKED_AT = 2_000;

/** The beginning of an id, as people type it: it names the one thing whose id begins so. */
function cutShort<const P extends string>(prefix: P) {
  return z.templateLiteral([prefix, z.string().regex(new RegExp(`^[0-9a-f]{${MIN_SHORT_ID_DIGITS},31}$`))]);
}

const seq = z.string().regex(/^[1-9][0-9]{0,14}$/, { abort: true });

/** Names one delivery of the caller's own inbox: its id, or its `seq` number as a model types it (`42`). */
export const DeliveryRef = z
  .union([DeliveryId, cutShort("dlv_"), seq], { error: "a string: dlv_… or a number of your own inbox as text" })
  .meta({ description: "dlv_…, its beginning, or the seq number in your own inbox" });
export type DeliveryRef = z.infer<typeof DeliveryRef>;

/** Names one message: its id, a delivery id, or the `seq` of a delivery in the caller's own inbox. */
export const MessageRef = z
  .union([MessageId, DeliveryId, cutShort("msg_"), cutShort("dlv_"), seq], {
    error: "a string: msg_…, dlv_… or a number of your own inbox as text",
  })
  .meta({ description: "msg_…, dlv_…, the beginning of either, or the seq number in your own inbox" });
export type MessageRef = z.infer<typeof MessageRef>;

/** Names one thread: its id, or any message of it. */
export const ThreadRef = z
  .union([ThreadId, MessageId, DeliveryId, cutShort("thr_"), cutShort("msg_"), cutShort("dlv_"), seq], {
    error: "a string: thr_…, or a message of the thread: msg_…, dlv_… or a number of the inbox as text",
  })
  .meta({
    description:
      "thr_…, or a message of the thread: msg_…, dlv_… or the seq number in the inbox; or the beginning of an id",
  });
export type ThreadRef = z.infer<typeof ThreadRef>;
