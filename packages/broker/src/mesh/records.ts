/** The records that go through the Store port. */
import type {
  AgentId,
  AgentProfile,
  DeliveryId,
  DeliveryState,
  Focus,
  LeasedDelivery,
  Message,
  MessageId,
  OpenAsk,
  Party,
  PushPath,
  SessionId,
  ThreadId,
  Trust,
  Urgency,
} from "@agentmesh/protocol";

/** An agent as stored, with what its sessions and inbox say of it now. */
export interface AgentRecord {
  readonly id: AgentId;
  readonly name: string;
  readonly profile: AgentProfile;
  readonly registeredAt: number;
  readonly lastSeenAt: number | undefined;
  /** When it was archived; undefined for one that is there. */
  readonly archivedAt: number | undefined;
  /** Time since its last sign of life that was noted, in milliseconds. */
  readonly quietMs: number;
  /** Age of the newest heartbeat of its sessions, in milliseconds; undefined without a session. */
  readonly heartbeatAgeMs: number | undefined;
  readonly pushPaths: PushPath[];
  readonly trust: Trust;
  readonly focus: Focus | undefined;
  readonly queued: number;
  readonly held: number;
  readonly oldestQueuedMs: number | undefined;
  /** How its webhook does, if it has one; this path needs no session. */
  readonly webhook?: PushPath | undefined;
}

/** An agent to make, or to resume by its token. */
export interface AgentToRegister {
  readonly id: AgentId;
  readonly tokenHash: string;
  readonly name: string;
  readonly ifTaken: "refuse" | "number";
  readonly profile: AgentProfile;
  /** Left out, verified. */
  readonly trust?: Trust;
}

/** What the wire of the predecessor calls an agent, and what its client said of itself there, as JSON. */
export interface LegacyPeerRecord {
  readonly id: string;
  readonly agentId: AgentId;
  readonly facts: string;
}

/** A registered agent. `renamedFrom`: another agent has its name since it was archived. */
export interface RegisteredAgent {
  readonly agent: AgentRecord;
  readonly created: boolean;
  readonly renamedFrom: string | undefined;
}

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
  /** It expects an answer, overdue after this time. */
  readonly answerWithinMs?: number | undefined;
  /** Keeps the delivery from streams and leases for a moment: an ask that waits for it takes it first. */
  readonly keepBackMs?: number;
  readonly ttlMs: number;
  readonly idempotency: { readonly key: string; readonly contentHash: string; readonly windowMs: number } | undefined;
  /** Delivery of the sender that this message answers; acked in the same act. */
  readonly answers: DeliveryId | undefined;
}

/** A message to publish on a topic; its subscribers are found inside the act. */
export interface MessageToPublish
  extends Omit<MessageToEnqueue, "recipientId" | "deliveryId" | "answers" | "inReplyTo"> {
  readonly topic: string;
}

/** What was accepted under an idempotency key; a published message has no recipient, a removed one is still named. */
export interface AcceptedUnder {
  readonly messageId: MessageId;
  readonly recipient: Party | undefined;
}

/** A subscriber that got no delivery of what was published. */
export interface Skipped {
  readonly agent: Party;
  readonly why: "sender" | "inbox_full" | "refused" | "archived";
}

/** A published message: every subscriber is in `accepted` or in `skipped`. */
export interface Published {
  readonly duplicate: boolean;
  readonly message: Message;
  readonly accepted: readonly { readonly delivery: Enqueued["delivery"]; readonly recipient: AgentRecord }[];
  readonly skipped: readonly Skipped[];
}

/** Most that one inbox holds open. */
export interface InboxQuota {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/** An accepted message. `duplicate`: accepted before under the same key. */
export interface Enqueued {
  readonly duplicate: boolean;
  readonly message: Message;
  readonly delivery: { readonly id: DeliveryId; readonly seq: number; readonly state: DeliveryState };
  readonly recipient: AgentRecord;
}

/** A focus to begin. */
export interface FocusTerms {
  readonly forMs: number;
  readonly allows: Focus["allows"];
  readonly reason: string | undefined;
}

/** What to lease, for whom, for how long. */
export interface LeaseTerms {
  readonly agentId: AgentId;
  readonly max: number;
  readonly maxBytes: number;
  readonly leaseMs: number;
  /** Session that holds the leases; undefined for a caller without one. */
  readonly session: SessionId | undefined;
  /** For a lease that is to be pushed: what a stream is not given either. */
  readonly push?: PushTerms | undefined;
  /** For a stream: its credit, and what is pushed. */
  readonly stream?: PushTerms & { readonly maxInFlight: number };
  /** For a webhook: least urgency, and the delivery to lease only if there is no other. */
  readonly webhook?: { readonly urgency: Urgency; readonly last: DeliveryId | undefined };
}

/** What may be pushed. */
export interface PushTerms {
  /** How many reported pushes of this session are enough. */
  readonly maxPushes?: number | undefined;
  /** Least urgency that is taken, left out fyi; a focus of the agent may ask for more. */
  readonly urgency?: Urgency;
}

/** A leased delivery; `streamPosition` orders the leases of one stream. */
export interface LeasedRecord {
  readonly delivery: LeasedDelivery;
  readonly streamPosition: number;
}

/** An ask and its answer. */
export interface AskStatus {
  readonly dueAt: number;
  readonly reply: { readonly message: Message; readonly deliveryId: DeliveryId } | undefined;
}

/** Writes the notices of an overdue ask: first to the agent that owes the answer, then to the asker. */
export interface AskNotices {
  readonly nudge: (ask: OpenAsk) => string;
  readonly bounce: (ask: OpenAsk) => string;
}

/** A delivery that ended without an ack, as its sender's notice names it. */
export interface EndedDelivery {
  readonly deliveryId: DeliveryId;
  readonly seq: number;
  readonly state: "dead" | "expired" | "refused";
  readonly reason: string;
  readonly recipient: string;
  /** Empty when it is damaged. */
  readonly body: string;
}

/** Writes the notice that a sender gets of such a delivery. */
export type Bounce = (ended: EndedDelivery) => string;

/** When failed deliveries come back, and when they are given up: nacked, or not acked by a lost or silent holder. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly delayMs: (failures: number) => number;
  /** Without it no sender is told. */
  readonly bounce?: Bounce;
}

/** Where a message stands for one agent: as its sender or recipient. */
export interface MessagePlace {
  readonly messageId: MessageId;
  readonly threadId: ThreadId;
  readonly sender: Party;
  /** It is a notice of the mesh itself. */
  readonly fromMesh: boolean;
  readonly hops: number;
  readonly recipients: readonly Party[];
  /** The agent's own delivery of it, if it is a recipient. */
  readonly deliveryId: DeliveryId | undefined;
}

/** A settled or returned delivery. */
export interface DeliveryRecord {
  readonly id: DeliveryId;
  readonly state: DeliveryState;
  readonly attempt: number;
  readonly leaseEndsAt: number | undefined;
}

/** Verdict on a verb that needs the current lease. */
export type LeaseVerdict =
  | { readonly kind: "done"; readonly delivery: DeliveryRecord }
  | { readonly kind: "not_found" }
  | { readonly kind: "lease_lost"; readonly delivery: DeliveryRecord }
  | { readonly kind: "settled"; readonly delivery: DeliveryRecord };

/** Verdict on a verb that needs a held delivery. */
export type HeldVerdict =
  | { readonly kind: "done"; readonly delivery: DeliveryRecord }
  | { readonly kind: "not_found" }
  | { readonly kind: "not_held"; readonly delivery: DeliveryRecord };

/** Verdict on an ack. */
export type AckVerdict = LeaseVerdict | { readonly kind: "acked_before"; readonly delivery: DeliveryRecord };

/** Who may see a log or a message: one agent, or all (undefined). */
export type Viewer = AgentId | undefined;

/** Counts of the whole store. */
export interface StoreStats {
  readonly deliveries: Record<DeliveryState, number>;
  readonly bytes: number;
}
