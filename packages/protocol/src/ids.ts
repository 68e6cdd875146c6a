/** Identifiers: a UUIDv7 (RFC 9562) without dashes behind a prefix that names the noun. */
import { z } from "zod";

const uuidHex = z.string().regex(/^[0-9a-f]{32}$/);

/** Identifier of an agent. */
export const AgentId = z.templateLiteral(["agt_", uuidHex]);
export type AgentId = z.infer<typeof AgentId>;

/** Identifier of a session. */
export const SessionId = z.templateLiteral(["ses_", uuidHex]);
export type SessionId = z.infer<typeof SessionId>;

/** Identifier of a message. */
export const MessageId = z.templateLiteral(["msg_", uuidHex]);
export type MessageId = z.infer<typeof MessageId>;

/** Identifier of a delivery. */
export const DeliveryId = z.templateLiteral(["dlv_", uuidHex]);
export type DeliveryId = z.infer<typeof DeliveryId>;

/** Identifier of a thread: the id of the message that began it, with its own prefix. */
export const ThreadId = z.templateLiteral(["thr_", uuidHex]);
export type ThreadId = z.infer<typeof ThreadId>;

const seq = z.string().regex(/^[1-9][0-9]{0,14}$/);

/** Names one delivery of the caller's own inbox: its id, or its `seq` number as a model types it (`42`). */
export const DeliveryRef = z
  .union([DeliveryId, seq])
  .meta({ description: "dlv_… or the seq number in your own inbox" });
export type DeliveryRef = z.infer<typeof DeliveryRef>;

/** Names one message: its id, a delivery id, or the `seq` of a delivery in the caller's own inbox. */
export const MessageRef = z
  .union([MessageId, DeliveryId, seq])
  .meta({ description: "msg_…, dlv_… or the seq number in your own inbox" });
export type MessageRef = z.infer<typeof MessageRef>;

/** Names one thread: its id, or any message of it. */
export const ThreadRef = z
  .union([ThreadId, MessageId, DeliveryId, seq])
  .meta({ description: "thr_…, or a message of the thread: msg_…, dlv_… or the seq number in the inbox" });
export type ThreadRef = z.infer<typeof ThreadRef>;
