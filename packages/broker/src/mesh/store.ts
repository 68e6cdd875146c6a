/**
 * The Store port: what the mesh needs kept. Every method is one atomic act and is on disk when its promise resolves.
 * Durations come in, the engine owns the clock; policy comes in as data, the engine decides nothing.
 */
import type {
  AckEvidence,
  AgentId,
  AgentProfile,
  DeliveryId,
  DeliveryRef,
  DeliveryState,
  InboxEntry,
  LeasedDelivery,
  LogEntry,
  Message,
  MessageId,
  MessageRef,
  MessageStatus,
  Party,
  PushPath,
  SessionId,
  ThreadId,
} from "@agentmesh/protocol";

/** An agent as stored, with what its sessions and inbox say of it now. */
export interface AgentRecord {
  readonly id: AgentId;
  readonly name: string;
  readonly profile: AgentProfile;
  readonly registeredAt: number;
  readonly lastSeenAt: number | undefined;
  /** Age of the newest heartbeat of its sessions, in milliseconds; undefined without a session. */
  readonly heartbeatAgeMs: number | undefined;
  readonly pushPaths: PushPath[];
  readonly queued: number;
  readonly oldestQueuedMs: number | undefined;
}

/** An agent to make, or to resume by its token. */
export interface AgentToRegister {
  readonly id: AgentId;
  readonly tokenHash: string;
  readonly name: string;
  readonly ifTaken: "refuse" | "number";
  readonly profile: AgentProfile;
}

/** A message to accept, already addressed. */
export interface MessageToEnqueue {
  readonly id: MessageId;
  readonly threadId: ThreadId;
  readonly senderId: AgentId;
  readonly recipientId: AgentId;
  readonly deliveryId: DeliveryId;
  readonly body: string;
  readonly bodyBytes: number;
  readonly inReplyTo: MessageId | undefined;
  readonly ttlMs: number;
  readonly idempotency: { readonly key: string; readonly contentHash: string; readonly windowMs: number } | undefined;
  /** Delivery of the sender that this message answers; acked in the same act. */
  readonly answers: DeliveryId | undefined;
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

/** What to lease, for whom, for how long. */
export interface LeaseTerms {
  readonly agentId: AgentId;
  readonly max: number;
  readonly maxBytes: number;
  readonly leaseMs: number;
  /** Session that holds the leases; undefined for a caller without one. */
  readonly session: SessionId | undefined;
  /** For a stream: its credit, and how many reported pushes of this session are enough. */
  readonly stream?: { readonly maxInFlight: number; readonly maxPushes: number | undefined };
}

/** A leased delivery; `streamPosition` orders the leases of one stream. */
export interface LeasedRecord {
  readonly delivery: LeasedDelivery;
  readonly streamPosition: number;
}

/** When failed deliveries come back, and when they are given up: nacked, or not acked by a lost or silent holder. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly delayMs: (failures: number) => number;
}

/** Where a message stands for one agent: as its sender or recipient. */
export interface MessagePlace {
  readonly messageId: MessageId;
  readonly threadId: ThreadId;
  readonly sender: Party;
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

/** Verdict on an ack. */
export type AckVerdict = LeaseVerdict | { readonly kind: "acked_before"; readonly delivery: DeliveryRecord };

/** Who may see a log or a message: one agent, or all (undefined). */
export type Viewer = AgentId | undefined;

/** Counts of the whole store. */
export interface StoreStats {
  readonly deliveries: Record<DeliveryState, number>;
  readonly bytes: number;
}

/** Told that something may be leasable for an agent, or that the timeline grew. Hints: repeatable, may come early. */
export interface StoreListener {
  ready(agentId: AgentId): void;
  advanced(): void;
}

/** The port. */
export interface Store {
  /** Identity of the database, made once. */
  readonly instanceId: string;
  listen(listener: StoreListener): void;

  /** Makes an agent or resumes the one that owns the token. @throws MeshError agent_name_taken */
  registerAgent(agent: AgentToRegister): Promise<{ agent: AgentRecord; created: boolean }>;
  agentByToken(tokenHash: string): Promise<AgentRecord | undefined>;
  /** By id or by name. */
  findAgent(nameOrId: string): Promise<AgentRecord | undefined>;
  /** Every agent that is not removed, by name. */
  listAgents(): Promise<AgentRecord[]>;
  setSummary(agentId: AgentId, summary: string): Promise<void>;
  /** Removes an agent; what waits for it is dead. Returns how many. */
  removeAgent(agentId: AgentId): Promise<number>;

  openSession(session: {
    readonly id: SessionId;
    readonly agentId: AgentId;
    readonly profile: AgentProfile;
    readonly pushPaths: PushPath[];
  }): Promise<AgentRecord>;
  /** Renews a session of this agent; false when there is no such session. */
  touchSession(id: SessionId, agentId: AgentId, pushPaths: PushPath[] | undefined): Promise<boolean>;
  /** Ends a session of this agent and returns its leases; undefined when there is no such session. */
  endSession(id: SessionId, agentId: AgentId, retry: RetryPolicy): Promise<number | undefined>;
  /** Makes a session's last heartbeat look at least `ageMs` old: its process is probably gone. */
  doubtSession(id: SessionId, ageMs: number): Promise<void>;
  /** Ends every session that was not renewed for `offlineAfterMs`. */
  expireSessions(offlineAfterMs: number, retry: RetryPolicy): Promise<number>;

  /** Accepts one message: dedupe, quota, message, delivery and the ack it implies. @throws MeshError */
  enqueue(message: MessageToEnqueue, quota: InboxQuota): Promise<Enqueued>;
  /** Resolves msg_…, dlv_… or a seq of the agent's own inbox to a message the agent sent or received. */
  placeMessage(ref: MessageRef, viewer: Viewer): Promise<MessagePlace | undefined>;
  messageStatus(messageId: MessageId): Promise<MessageStatus | undefined>;
  /** Timeline entries after a position, oldest first; without one the newest `limit`. @throws MeshError cursor_invalid */
  log(query: {
    readonly after: string | undefined;
    readonly limit: number;
    readonly viewer: Viewer;
  }): Promise<{ entries: LogEntry[]; cursor: string }>;

  listInbox(query: {
    readonly agentId: AgentId;
    readonly open: boolean;
    readonly afterSeq: number;
    readonly limit: number;
  }): Promise<{ entries: InboxEntry[]; open: number; more: boolean }>;
  /** Leases in inbox order; each delivery to at most one holder at a time. */
  lease(terms: LeaseTerms): Promise<{ leased: LeasedRecord[]; queued: number }>;
  /** Acks for the owner; with a receipt only while that lease is the current one. */
  ack(agentId: AgentId, ref: DeliveryRef, receipt: string | undefined, evidence: AckEvidence): Promise<AckVerdict>;
  nack(
    agentId: AgentId,
    ref: DeliveryRef,
    receipt: string,
    terms: { readonly delayMs: number | undefined; readonly reason: string | undefined; readonly retry: RetryPolicy },
  ): Promise<LeaseVerdict>;
  extend(agentId: AgentId, ref: DeliveryRef, receipt: string, leaseMs: number): Promise<LeaseVerdict>;
  reject(agentId: AgentId, ref: DeliveryRef, receipt: string, reason: string): Promise<LeaseVerdict>;
  /** Writes a push, or its failure, into the timeline. */
  recordPush(
    agentId: AgentId,
    ref: DeliveryRef,
    receipt: string,
    push: { readonly path: string; readonly failedWhy: string | undefined },
  ): Promise<LeaseVerdict>;
  /**
   * Returns the streamed leases of a session: those after `afterPosition`, which were lost on the way to a client that
   * is back, or all of a client that is gone.
   */
  returnStreamed(session: SessionId, afterPosition: number | undefined, retry: RetryPolicy): Promise<number>;

  /** Returns leases that are over; up to `limit`. */
  expireLeases(limit: number, retry: RetryPolicy): Promise<number>;
  /** Expires queued deliveries whose message is past its life; up to `limit`. */
  expireMessages(limit: number): Promise<number>;
  /** Hints `ready` for inboxes whose delayed deliveries became due since the last call. */
  announceDue(): Promise<void>;
  /** Deletes what ended more than `retentionMs` ago; up to `limit` deliveries. */
  prune(retentionMs: number, limit: number): Promise<number>;
  stats(): Promise<StoreStats>;
  close(): Promise<void>;
}
