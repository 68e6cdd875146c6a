/**
 * The Store port: what the mesh needs kept. Every method is one atomic act and is on disk when its promise resolves.
 * Durations come in, the engine owns the clock; policy comes in as data, the engine decides nothing.
 */
import type {
  AgentId,
  DeliveryId,
  DeliveryRef,
  InboxEntry,
  LeasedDelivery,
  LogEntry,
  MessageId,
  MessageRef,
  OpenAsk,
  Party,
  SessionId,
  SubscribeReply,
  ThreadId,
} from "@agentmesh/protocol";
import type {
  AcceptedUnder,
  AnswerTerms,
  AskNotices,
  AskStatus,
  Bounce,
  DeadVerdict,
  Delayed,
  DeliveryRecord,
  Enqueued,
  HeldVerdict,
  HistoryPart,
  HistoryQuery,
  InboxQuota,
  LeasedRecord,
  LeaseTerms,
  LeaseVerdict,
  LegacyPeerRecord,
  MessagePlace,
  MessageToEnqueue,
  MessageToPublish,
  Published,
  RedriveVerdict,
  RetryPolicy,
  StoreStats,
  Viewer,
  WaiveTerms,
  WaiveVerdict,
} from "./records/index.ts";
import type { AccessStore } from "./store/access.ts";
import type { AckStore } from "./store/acks.ts";
import type { AgentCardStore } from "./store/agent-cards.ts";
import type { AgentStore } from "./store/agents.ts";
import type { EventStore } from "./store/events.ts";
import type { HookStore } from "./store/hooks.ts";
import type { Keeping } from "./store/keeping.ts";
import type { StoreListener } from "./store/listener.ts";
import type { Looks } from "./store/looks.ts";
import type { NeedStore } from "./store/needs.ts";
import type { SessionStore } from "./store/sessions.ts";
import type { SharedMesh } from "./store/shared.ts";
import type { WebhookStore } from "./store/webhooks.ts";

export type * from "./records/index.ts";
export type { StoreListener } from "./store/listener.ts";

/** Where a page of dead letters begins: behind one that died at a time. */
export interface DeadPlace {
  readonly at: number;
  readonly id: DeliveryId;
}

/** The port. */
export interface Store
  extends AccessStore,
    AgentStore,
    AckStore,
    SessionStore,
    Looks,
    Keeping,
    WebhookStore,
    HookStore,
    AgentCardStore,
    NeedStore,
    EventStore {
  /** Identity of the database, made once. */
  readonly instanceId: string;
  /** What holds for all brokers of the mesh; undefined where there is one, which has it in its memory. */
  readonly shared?: SharedMesh;
  listen(listener: StoreListener): void;

  /** Keeps, or replaces, what the predecessor's wire knows of an agent. */
  keepLegacyPeer(peer: LegacyPeerRecord): Promise<void>;
  /** Those of agents that are not removed, oldest agent first. */
  listLegacyPeers(): Promise<LegacyPeerRecord[]>;

  /** `step` steps the clock, and all that runs goes with it: lives, leases, delays, sessions, focus, asks; in one act, or not. */
  shiftTimes(ms: number, step: (by: number) => void): Promise<void>;

  /** Accepts one message: dedupe, the recipient's policy, quota, message, delivery and the ack it implies. @throws MeshError */
  enqueue(message: MessageToEnqueue, quota: InboxQuota): Promise<Enqueued>;
  /** What the sender had accepted under this key within its window. */
  acceptedUnder(senderId: AgentId, key: string): Promise<AcceptedUnder | undefined>;
  /** The ask that a message is: when its answer is due, and the answer if there is one. */
  askStatus(messageId: MessageId): Promise<AskStatus | undefined>;
  /**
   * Leases the answer to an ask for whoever asked, also one that is kept back for it; undefined when it is not queued, past its
   * life or damaged, and when the session is over.
   */
  leaseAnswer(messageId: MessageId, terms: AnswerTerms): Promise<LeasedDelivery | undefined>;
  /** Asks without an answer: owed by an agent, or waited for by it; the first due first. `turn` is awaited between the pieces of many. */
  listAsks(side: "owed" | "waiting", agentId: Viewer, limit: number, turn?: () => Promise<void>): Promise<OpenAsk[]>;
  /** Nudges who owes an overdue answer, once; after as long again tells the asker, once. Returns how many notices. */
  remindAsks(notices: AskNotices, limit: number): Promise<number>;
  /**
   * Has nobody owe the answer to an ask any more, of any asker without one: notes it, and tells both sides, once. Also of an ask that
   * is owed no more because its asker was told that nothing came, or has left.
   */
  waive(messageId: MessageId, asker: Viewer, terms: WaiveTerms): Promise<WaiveVerdict>;
  /** Accepts one message for every subscriber of its topic: one body, one delivery each; in slices. @throws MeshError */
  publish(message: MessageToPublish, quota: InboxQuota): Promise<Published>;
  /** Goes on with what was cut off of accepted publishes, by a crash or a full disk, as far as there is room. */
  finishPublishes(): Promise<void>;
  /**
   * Adds a subscription; before it is there, the newest `retained` messages that its pattern means are put into the inbox,
   * in slices, as far as the quota goes, with what is published meanwhile.
   */
  subscribe(agentId: AgentId, pattern: string, retained: number, quota: InboxQuota): Promise<SubscribeReply>;
  unsubscribe(agentId: AgentId, pattern: string): Promise<boolean>;
  /** Resolves msg_…, dlv_… or a seq of the agent's own inbox to a message the agent sent or received. */
  placeMessage(ref: MessageRef, viewer: Viewer): Promise<MessagePlace | undefined>;
  /** Ids of agents, messages, deliveries or threads that begin so, of what the viewer may see; six at most. */
  idsLike(beginning: string, viewer: Viewer): Promise<string[]>;
  /** Whether a person has written into the message's thread after it. */
  personWroteAfter(messageId: MessageId): Promise<boolean>;
  /** Messages in the order of acceptance, from a place back or ahead. @throws MeshError cursor_invalid */
  listMessages(query: HistoryQuery): Promise<HistoryPart>;
  /** An agent of this id or name that is there, or else the last that has left. */
  findParty(nameOrId: string): Promise<Party | undefined>;
  /** Timeline entries after a position, oldest first; without one the newest `limit`. @throws MeshError cursor_invalid */
  log(query: {
    readonly after: string | undefined;
    readonly limit: number;
    readonly viewer: Viewer;
    readonly thread?: ThreadId | undefined;
    /** Awaited between the pieces of a long one. */
    readonly turn?: () => Promise<void>;
  }): Promise<{ entries: LogEntry[]; cursor: string }>;

  listInbox(query: {
    readonly agentId: AgentId;
    readonly which: "open" | "held" | "all";
    readonly afterSeq: number;
    readonly beforeSeq?: number | undefined;
    readonly newestFirst?: boolean;
    readonly limit: number;
  }): Promise<{ entries: InboxEntry[]; open: number; held: number; more: boolean }>;
  /** Leases in inbox order; each delivery to at most one holder at a time. A stream of a `silent` session gets none. */
  lease(terms: LeaseTerms): Promise<{ leased: LeasedRecord[]; queued: number; silent?: boolean }>;
  nack(
    agentId: AgentId,
    ref: DeliveryRef,
    receipt: string,
    terms: {
      readonly delayMs: number | undefined;
      readonly reason: string | undefined;
      readonly retry: RetryPolicy;
      readonly delayed?: Delayed;
    },
  ): Promise<LeaseVerdict>;
  /** Gives a lease back that cost the delivery nothing: no failure, leasable at once. */
  release(
    agentId: AgentId,
    ref: DeliveryRef,
    receipt: string,
    terms: { readonly reason: string; readonly retry: RetryPolicy },
  ): Promise<LeaseVerdict>;
  extend(agentId: AgentId, ref: DeliveryRef, receipt: string, leaseMs: number): Promise<LeaseVerdict>;
  reject(
    agentId: AgentId,
    ref: DeliveryRef,
    receipt: string,
    terms: { readonly reason: string; readonly bounce?: Bounce },
  ): Promise<LeaseVerdict>;
  /** Cancels what is queued and was never leased of a message of this sender; says what was `before`, and what is left. */
  cancel(
    messageId: MessageId,
    senderId: AgentId,
  ): Promise<{ cancelled: number; before: number; left: DeliveryRecord[] }>;
  /**
   * Puts a dead letter back; of any inbox without an owner. `not_dead` for a delivery in another state,
   * `recipient_gone` when its agent has left.
   * @throws MeshError inbox_full
   */
  redrive(owner: Viewer, ref: DeliveryRef, quota: InboxQuota): Promise<RedriveVerdict>;
  /** Takes a dead letter off the list, once or again; of any inbox without an owner. */
  dismiss(owner: Viewer, ref: DeliveryRef): Promise<DeadVerdict>;
  /** Lets a held delivery into its inbox, or refuses it; of any inbox without an owner. */
  admit(owner: Viewer, ref: DeliveryRef): Promise<HeldVerdict>;
  refuse(
    owner: Viewer,
    ref: DeliveryRef,
    terms: { readonly reason: string; readonly bounce?: Bounce },
  ): Promise<HeldVerdict>;
  /** Dead letters that nobody has dismissed, newest first, behind one of them; as many as their bodies have room in `maxBytes`, one at least. */
  listDead(query: {
    readonly owner: Viewer;
    readonly after?: DeadPlace | undefined;
    readonly limit: number;
    readonly maxBytes: number;
  }): Promise<{ entries: InboxEntry[]; nextAfter: DeadPlace | undefined }>;
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
  /** Expires queued and held deliveries whose message is past its life; up to `limit`. */
  expireMessages(limit: number, bounce?: Bounce): Promise<number>;
  /** Hints `ready` for inboxes whose delayed deliveries became due, or whose focus ended, since the last call. */
  announceDue(): Promise<void>;
  /**
   * Deletes what ended more than `retentionMs` ago, up to `limit` deliveries; when these were all, also the published
   * messages that nothing needs.
   */
  prune(retentionMs: number, limit: number): Promise<number>;
  /** Compares the next `limit` bodies with what was accepted; true when it is through, and the next call begins anew. */
  checkBodies(limit: number): Promise<boolean>;
  /** Ends what waits of messages whose body was found damaged, by that check or a lease; returns how many messages. */
  endDamaged(limit: number, bounce?: Bounce): Promise<number>;
  /** Whether this broker does now what one of a mesh does for all: care, reminders, webhooks. */
  isOnDuty(): boolean;
  /**
   * Ends the seats of brokers that are gone: their sessions count as not heard of for `ageMs`, and what was streamed to those that
   * have not come back to another broker within `graceMs` returns. Says how many deliveries did.
   */
  endBrokers(terms: { readonly graceMs: number; readonly ageMs: number }, retry: RetryPolicy): Promise<number>;
  stats(): Promise<StoreStats>;
  close(): Promise<void>;
}
