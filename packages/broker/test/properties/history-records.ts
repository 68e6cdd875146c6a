/** What an outsider remembers of agents, sessions, messages and deliveries. */
import type {
  AgentId,
  DeliveryId,
  DeliveryState,
  Focus,
  HookId,
  LogEntry,
  MachineId,
  Message,
  MessageId,
  Party,
  SessionId,
  TrustClass,
} from "@agentmesh/protocol";
import type { AgentCardToKeep, Delayed, PolicyRules, Published, SessionDoubt } from "../../src/mesh/store.ts";

/** How an agent was registered. */
export interface StandingHistory {
  readonly person: boolean;
  readonly unverified: boolean;
  /** Where it says that it works, the newest time. */
  repoUrl: string;
  readonly machine: MachineId | undefined;
}

/** An agent as its registration was answered. */
export interface AgentHistory extends Party {
  readonly tokenHash: string;
  /** The machine that it came with, if it is one that joined. */
  readonly machine?: MachineId | undefined;
  /** The hook whose messages are from it. */
  readonly hook?: HookId;
  removed: boolean;
  /** The newest seq that a sender was told for this inbox. */
  lastSeq: number;
  policy: PolicyRules | undefined;
  readonly standing: StandingHistory;
  /** What it works on. */
  summary: string | undefined;
  focus: FocusHistory | undefined;
  /** What programs outside are shown of it. */
  card?: AgentCardToKeep | undefined;
  /** When its webhook was set, if it has one. */
  webhookSetAt?: number | undefined;
  /** Those that are told events, by their ids. */
  eventWebhooks?: Map<string, { sealed: string; cursor: string }>;
  /** Patterns, and since when. */
  readonly subscriptions: Map<string, number>;
}

/** A machine as its joining was answered. */
export interface MachineHistory {
  readonly id: MachineId;
  readonly tokenHash: string;
  readonly secretHash: string;
  out: boolean;
}

/** A focus as it was asked for. */
export interface FocusHistory {
  until: number;
  readonly allows: Focus["allows"];
  readonly reason: string | undefined;
  /** The listener was told, or need not be, that it is over. */
  announced: boolean;
}

/** A session and its last heartbeat. */
export interface SessionHistory {
  readonly id: SessionId;
  readonly agentId: AgentId;
  /** Its last heartbeat, which no doubt makes older; and what its age is reckoned by. */
  beatAt: number;
  seenAt: number;
  /** Both as a broker knows them that is started after this one was killed. */
  written: { beatAt: number; seenAt: number };
  /** Since when and why it is doubted; no longer after a heartbeat. */
  doubt: SessionDoubt | undefined;
  /** When something that was streamed to it was last acked, to the minute. */
  provenAt: number | undefined;
  open: boolean;
  /** When it was last heard of, by the observer's count. */
  heard: number;
  /** Its stream let a lease run out that began after that. */
  silent: boolean;
}

/** A lease as it was answered. */
export interface LeaseHistory {
  readonly receipt: string;
  readonly session: SessionId | undefined;
  /** Set for a streamed lease. */
  readonly position: number | undefined;
  /** When it began, by the observer's count. */
  readonly began: number;
  endsAt: number;
}

/** A message as its sender was told, or a notice as the log showed it first. */
export interface MessageHistory {
  readonly id: MessageId;
  readonly message: Message;
  readonly acceptedAt: number;
  readonly lifeMs: number;
  readonly deliveries: DeliveryHistory[];
  /** Subscribers that got none of it, as the first answer told. */
  readonly skipped: Published["skipped"];
  /** Taken back: nobody who subscribes later gets it. */
  recalled: boolean;
  /** Pruned. */
  gone: boolean;
}

/** Order of reading: interrupts, messages, notices of the mesh. */
export type Rank = 0 | 1 | 2;

/** A delivery: what its sender was told, and what happened since. */
export interface DeliveryHistory {
  readonly id: DeliveryId;
  readonly seq: number;
  readonly of: MessageHistory;
  readonly to: Party;
  readonly rank: Rank;
  /** 0 for fyi, 1 for normal, 2 for interrupt. */
  readonly weight: number;
  /** How it came; undefined for a notice of the mesh. */
  readonly trust: TrustClass | undefined;
  readonly acceptedAt: number;
  readonly timeline: LogEntry[];
  readonly receipts: string[];
  /** Reported pushes by session. */
  readonly pushes: Map<SessionId, number>;
  /** It was put beside the quota: a notice. */
  beside: boolean;
  /** It was held, or kept back: younger ones may have passed it. */
  delayed: boolean;
  expiresAt: number;
  state: DeliveryState;
  attempt: number;
  failures: number;
  /** When it may be leased again; 0 for at once. */
  dueAt: number;
  /** Whom `dueAt` keeps from it. */
  delays: Delayed;
  /** The listener was told, or need not be, that the delay is over. */
  announced: boolean;
  lease: LeaseHistory | undefined;
  /** Session of its newest lease. */
  lastHolder: SessionId | undefined;
  endedAt: number | undefined;
  /** The task as which a receiver works on it. */
  task?: string | undefined;
  /** A dead letter that somebody has taken off the list. */
  dismissed?: boolean;
  pruned: boolean;
}

/** A key in use: which message, which content, until when. */
export interface KeyHistory {
  readonly contentHash: string;
  readonly of: MessageHistory;
  readonly until: number;
}

/** An ask. */
export interface AskHistory {
  readonly delivery: DeliveryHistory;
  readonly asker: Party;
  readonly withinMs: number;
  dueAt: number;
  nudged: boolean;
  open: boolean;
  /** When its answer was waived, until the question is put back. */
  waivedAt?: number | undefined;
  reply: MessageHistory | undefined;
}

/** Whether a delivery is queued or leased. */
export function isOpen({ state }: DeliveryHistory): boolean {
  return state === "queued" || state === "leased";
}

/** Whether a delivery can still be acked some day: open or held. */
export function isAlive(delivery: DeliveryHistory): boolean {
  return isOpen(delivery) || delivery.state === "held";
}

/** How often a session reported a push of a delivery. */
export function pushesBy({ pushes }: DeliveryHistory, session: SessionId | undefined): number {
  return session === undefined ? 0 : (pushes.get(session) ?? 0);
}

/** A delivery in few characters: whose inbox, which seq. */
export function short(delivery: DeliveryHistory | undefined): string {
  return delivery ? `${delivery.to.name}#${delivery.seq}` : "(unknown delivery)";
}

/** A time as it stands in an answer. */
export function time(ms: number): string;
export function time(ms: number | undefined): string | undefined;
export function time(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

/** What is known of a session is on disk, all of it. */
export function written(session: SessionHistory): void {
  const { beatAt, seenAt } = session;
  session.written = { beatAt, seenAt };
}
