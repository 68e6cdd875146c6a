/** The records of messages that go through the Store port. */
import type {
  AgentId,
  DeliveryId,
  DeliveryState,
  Message,
  MessageId,
  Party,
  ThreadId,
  Urgency,
} from "@agentmesh/protocol";
import type { KeepingQuota } from "../store/keeping.ts";
import type { AgentRecord } from "./agent.ts";

/** A message to accept, already addressed. */
export interface MessageToEnqueue {
  readonly id: MessageId;
  readonly threadId: ThreadId;
  readonly senderId: AgentId;
  readonly recipientId: AgentId;
  readonly deliveryId: DeliveryId;
  /** Left out, normal. */
  readonly urgency?: Urgency;
  readonly body: string;
  readonly bodyBytes: number;
  readonly inReplyTo: MessageId | undefined;
  readonly hops?: number;
  /** Sent by a program with a person's token. */
  readonly byProgram?: true | undefined;
  /** It expects an answer, overdue after this time. */
  readonly answerWithinMs?: number | undefined;
  /** Keeps the delivery from streams and leases for a moment: an ask that waits for it takes it first. */
  readonly keepBackMs?: number;
  readonly ttlMs: number;
  readonly idempotency: { readonly key: string; readonly contentHash: string; readonly windowMs: number } | undefined;
  /** Delivery of the sender that this message answers; acked in the same act. */
  readonly answers: DeliveryId | undefined;
  /** It is what came of the task that this delivery is followed by, which is over in the same act. */
  readonly endsTask?: true;
}

/** A message to publish on a topic; its subscribers are found inside the act. */
export interface MessageToPublish
  extends Omit<MessageToEnqueue, "recipientId" | "deliveryId" | "answers" | "inReplyTo"> {
  readonly topic: string;
}

/** What was accepted under an idempotency key; a published message has no recipient, a removed one is still named. */
export interface AcceptedUnder {
  readonly messageId: MessageId;
  /** The first of its recipients. */
  readonly recipient: Party | undefined;
}

/** A subscriber that got no delivery of what was published. */
export interface Skipped {
  readonly agent: Party;
  readonly why: "sender" | "inbox_full" | "refused" | "archived";
}

/** A published message: every subscriber is counted as accepted or as skipped, and the first of them are named. */
export interface Published {
  readonly duplicate: boolean;
  readonly message: Message;
  readonly accepted: readonly { readonly delivery: Enqueued["delivery"]; readonly recipient: AgentRecord }[];
  readonly skipped: readonly Skipped[];
  readonly counts: { readonly accepted: number; readonly skipped: number };
}

/** Most that one inbox holds open; and what a sender, and all, may have kept. */
export interface InboxQuota {
  readonly maxMessages: number;
  readonly maxBytes: number;
  /** Left out where nothing else is asked. */
  readonly keeping?: KeepingQuota;
}

/** An accepted message. `duplicate`: accepted before under the same key. */
export interface Enqueued {
  readonly duplicate: boolean;
  readonly message: Message;
  readonly delivery: { readonly id: DeliveryId; readonly seq: number; readonly state: DeliveryState };
  readonly recipient: AgentRecord;
}

/** Where a message stands for one agent: as its sender or recipient. */
export interface MessagePlace {
  readonly messageId: MessageId;
  readonly threadId: ThreadId;
  readonly sender: Party;
  /** It is a notice of the mesh itself. */
  readonly fromMesh: boolean;
  readonly hops: number;
  /** The first of its recipients. */
  readonly recipient: Party | undefined;
  /** The agent's own delivery of it, if it is a recipient. */
  readonly deliveryId: DeliveryId | undefined;
}
