/** The part of the Store port that finds what waits for a person: along indexes, as many as are asked for. */
import type { AgentId, DeliveryId, MessageId, Party, PushPath } from "@agentmesh/protocol";
import type { Viewer } from "../records/index.ts";

/** Which ones: of all the mesh or of one agent, and how many; `turn` is awaited between the pieces of many. */
export interface NeedsSought {
  readonly viewer: Viewer;
  readonly limit: number;
  readonly turn?: () => Promise<void>;
}

/** A question without an answer: to a person, or one that is overdue. */
export interface AskNeed {
  readonly messageId: MessageId;
  readonly from: Party;
  readonly to: Party;
  readonly toPerson: boolean;
  readonly askedAt: number;
  readonly dueAt: number;
}

/** A delivery that a policy holds. */
export interface HeldNeed {
  readonly id: DeliveryId;
  readonly messageId: MessageId;
  readonly from: Party;
  readonly to: Party;
  readonly since: number;
}

/** Dead letters of one agent for one reason, that nobody has dismissed. */
export interface DeadNeed {
  readonly to: Party;
  /** It has left the mesh: they cannot be put back. */
  readonly isGone: boolean;
  readonly reason: string;
  /** When the first of them died. */
  readonly since: number;
}

/** The oldest of them, and how many there are, counted up to a limit. */
export interface DeadLetters {
  readonly letters: readonly { readonly id: DeliveryId; readonly messageId: MessageId; readonly from: Party }[];
  readonly count: number;
}

/** What lies in an inbox, and how its agent is reached now. */
export interface InboxLoad {
  readonly agent: Party;
  readonly person: boolean;
  readonly queued: number;
  /** Queued, leased and held, as the quota counts them. */
  readonly open: number;
  readonly openBytes: number;
  /** Questions to it that wait unread, counted up to a limit. */
  readonly questions: number;
  readonly queuedSince: number | undefined;
  /** When the oldest of what is open was accepted. */
  readonly openSince: number | undefined;
  readonly heartbeatAgeMs: number | undefined;
  readonly pushPaths: readonly PushPath[];
}

/** Some inboxes; those of agents that have left or are archived are passed over. */
export interface LoadPart {
  readonly loads: readonly InboxLoad[];
  readonly next: AgentId | undefined;
}

/** A push path of an agent, or its webhook, that failed last. */
export interface FailingPath {
  readonly agent: Party;
  readonly path: string;
  readonly why: string;
  /** When it last worked, or else when it was set or its agent registered. */
  readonly since: number;
  /** Nothing is posted before; of a webhook. */
  readonly restsUntil: number | undefined;
  /** Of a session's path. */
  readonly heartbeatAgeMs: number | undefined;
}

/** Looks for needs; none of them reads a text. */
export interface NeedStore {
  /** Open questions to persons, those to who registered first, or with a viewer those to it if it is a person's. */
  questionNeeds(sought: NeedsSought): Promise<AskNeed[]>;
  /** Questions that are overdue, the first due first, held ones and those to persons left out; with a viewer those that it owes or waits for. */
  overdueNeeds(sought: NeedsSought): Promise<AskNeed[]>;
  /** The oldest first. */
  heldNeeds(sought: NeedsSought): Promise<HeldNeed[]>;
  /** Dead letters by agent, who registered first, and reason; without a viewer so many reasons of one agent at most. */
  deadNeeds(sought: NeedsSought): Promise<DeadNeed[]>;
  /** The oldest `limit` letters of such a group, counted up to `most`. */
  deadLetters(of: Pick<DeadNeed, "to" | "reason">, limit: number, most: number): Promise<DeadLetters>;
  /** Inboxes with something open behind an agent's, in a fixed order, `next` being behind which to go on; with a viewer its own. */
  inboxLoads(viewer: Viewer, after: AgentId | undefined, limit: number): Promise<LoadPart>;
  /** Webhooks of who registered first, and paths of the sessions that were opened first. */
  failingPaths(sought: NeedsSought): Promise<FailingPath[]>;
  /** The first characters of messages, on one line each. */
  previews(messageIds: readonly MessageId[], turn?: () => Promise<void>): Promise<ReadonlyMap<MessageId, string>>;
}
