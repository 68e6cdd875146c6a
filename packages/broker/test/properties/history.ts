/** What was asked and answered so far, as an outsider remembers it: agents, sessions, deliveries, keys. */
import type {
  AgentId,
  DeliveryId,
  DeliveryRef,
  DeliveryState,
  LogEntry,
  Message,
  Party,
  SessionId,
} from "@agentmesh/protocol";
import type { LeaseTerms, MessageToEnqueue } from "../../src/mesh/store.ts";

/** An agent as its registration was answered. */
export interface AgentHistory extends Party {
  readonly tokenHash: string;
  removed: boolean;
  /** The newest seq that a sender was told for this inbox. */
  lastSeq: number;
}

/** A session and its last heartbeat. */
export interface SessionHistory {
  readonly id: SessionId;
  readonly agentId: AgentId;
  beatAt: number;
  open: boolean;
}

/** A lease as it was answered. */
export interface LeaseHistory {
  readonly receipt: string;
  readonly session: SessionId | undefined;
  /** Set for a streamed lease. */
  readonly position: number | undefined;
  endsAt: number;
}

/** A delivery: what its sender was told, and what happened since. */
export interface DeliveryHistory {
  readonly id: DeliveryId;
  readonly seq: number;
  readonly message: Message;
  readonly to: Party;
  readonly acceptedAt: number;
  readonly expiresAt: number;
  readonly timeline: LogEntry[];
  readonly receipts: string[];
  /** Reported pushes by session. */
  readonly pushes: Map<SessionId, number>;
  state: DeliveryState;
  attempt: number;
  failures: number;
  /** When it may be leased again; 0 for at once. */
  dueAt: number;
  /** The listener was told, or need not be, that the delay is over. */
  announced: boolean;
  lease: LeaseHistory | undefined;
  endedAt: number | undefined;
  pruned: boolean;
}

/** A key in use: which message, which content, until when. */
export interface KeyHistory {
  readonly contentHash: string;
  readonly first: DeliveryHistory;
  readonly until: number;
}

/** The memory of one run. */
export class History {
  readonly agents: AgentHistory[] = [];
  readonly sessions: SessionHistory[] = [];
  readonly deliveries: DeliveryHistory[] = [];
  readonly sends: MessageToEnqueue[] = [];
  readonly receipts = new Set<string>();
  /** Highest seq that was leased for the first time, by sender and inbox. */
  readonly firstLeases = new Map<string, number>();
  readonly #byId = new Map<string, DeliveryHistory>();
  readonly #keys = new Map<string, KeyHistory>();

  get present(): AgentHistory[] {
    return this.agents.filter(({ removed }) => !removed);
  }

  agent(id: AgentId): AgentHistory | undefined {
    return this.agents.find((each) => each.id === id && !each.removed);
  }

  delivery(id: string): DeliveryHistory | undefined {
    return this.#byId.get(id);
  }

  remember(delivery: DeliveryHistory): void {
    this.deliveries.push(delivery);
    this.#byId.set(delivery.id, delivery);
  }

  /** The delivery that an agent means by an id or a seq: one of its own inbox that is still kept. */
  named(agentId: AgentId, ref: DeliveryRef): DeliveryHistory | undefined {
    return this.kept(agentId).find((each) => each.id === ref || String(each.seq) === ref);
  }

  kept(agentId: AgentId): DeliveryHistory[] {
    return this.deliveries.filter((each) => each.to.id === agentId && !each.pruned);
  }

  open(agentId: AgentId): DeliveryHistory[] {
    return this.kept(agentId).filter(isOpen);
  }

  queued(agentId: AgentId): DeliveryHistory[] {
    return this.kept(agentId).filter(({ state }) => state === "queued");
  }

  leased(): DeliveryHistory[] {
    return this.deliveries.filter(({ state }) => state === "leased");
  }

  heldBy(session: SessionId): DeliveryHistory[] {
    return this.leased().filter(({ lease }) => lease?.session === session);
  }

  /** Streamed leases of a session after a position. */
  streamedBy(session: SessionId, after = 0): DeliveryHistory[] {
    return this.heldBy(session).filter(({ lease }) => (lease?.position ?? 0) > after);
  }

  /** What may be leased on these terms, in inbox order. */
  leasable(terms: Pick<LeaseTerms, "agentId" | "session" | "stream">, now: number): DeliveryHistory[] {
    const { agentId, session, stream } = terms;
    const enough = stream?.maxPushes ?? Number.POSITIVE_INFINITY;
    return this.queued(agentId).filter(
      (each) => each.dueAt <= now && each.expiresAt > now && pushesBy(each, session) < enough,
    );
  }

  keyInUse(senderId: AgentId, key: string | undefined, now: number): KeyHistory | undefined {
    const found = key === undefined ? undefined : this.#keys.get(`${senderId} ${key}`);
    return found && found.until > now ? found : undefined;
  }

  /** Forgets keys whose window is over, and those of a message that is gone. */
  forgetKeys(gone: (key: KeyHistory) => boolean): void {
    for (const [name, key] of this.#keys) if (gone(key)) this.#keys.delete(name);
  }

  useKey(senderId: AgentId, key: string, use: KeyHistory): void {
    this.#keys.set(`${senderId} ${key}`, use);
  }
}

/** Whether a delivery is queued or leased. */
export function isOpen({ state }: DeliveryHistory): boolean {
  return state === "queued" || state === "leased";
}

/** How often a session reported a push of a delivery. */
export function pushesBy({ pushes }: DeliveryHistory, session: SessionId | undefined): number {
  return session === undefined ? 0 : (pushes.get(session) ?? 0);
}

/** A delivery in few characters: whose inbox, which seq. */
export function short(delivery: DeliveryHistory | undefined): string {
  return delivery ? `${delivery.to.name}#${delivery.seq}` : "(unknown delivery)";
}
