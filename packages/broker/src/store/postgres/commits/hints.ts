/** What an act leaves to be told when it is committed. Hints: repeatable, may come early; the truth is in the database. */
import type { AgentId, SessionId } from "@agentmesh/protocol";
import type { LeasedRecord, StoreListener } from "../../../mesh/store.ts";

/** What brokers tell each other of their acts. */
export interface Called {
  readonly ready: readonly AgentId[];
  readonly left: readonly AgentId[];
  readonly over: readonly SessionId[];
  readonly advanced: boolean;
  readonly audited: boolean;
  readonly happened: boolean;
  readonly missed: boolean;
}

/** What was leased for one stream. */
export interface StreamedLeases {
  readonly session: SessionId;
  readonly leased: readonly LeasedRecord[];
}

/** What is told of one act. */
export class Hints {
  readonly #ready = new Set<AgentId>();
  /** Of those nothing leasable is left: their streams have it. */
  readonly #served = new Set<AgentId>();
  readonly #streamed: StreamedLeases[] = [];
  readonly #left = new Set<AgentId>();
  readonly #over = new Set<SessionId>();
  readonly #notices: (() => void)[] = [];
  #advanced = false;
  #audited = false;
  #happened = false;
  #missed = false;

  /** Something may be leasable for an agent. */
  ready(agentId: AgentId): void {
    this.#ready.add(agentId);
  }

  /** For whom something may be leasable. */
  waiting(): readonly AgentId[] {
    return [...this.#ready];
  }

  /** Something was leased for a stream: it is pushed when it is committed. */
  streamed(leases: StreamedLeases): void {
    this.#streamed.push(leases);
  }

  /** Nothing leasable is left for an agent. */
  served(agentId: AgentId): void {
    this.#served.add(agentId);
  }

  /** An agent has left the mesh. */
  left(agentId: AgentId): void {
    this.#left.add(agentId);
  }

  /** A session is over. */
  over(session: SessionId): void {
    this.#over.add(session);
  }

  /** What was called may not have been heard: everybody looks. */
  missed(): void {
    this.#missed = true;
  }

  /** The timeline grew. */
  advanced(): void {
    this.#advanced = true;
  }

  /** The audit log grew. */
  audited(): void {
    this.#audited = true;
  }

  /** An event was noted. */
  happened(): void {
    this.#happened = true;
  }

  /** What another act of the same transaction leaves is told with this. */
  add(other: Hints): void {
    for (const agentId of other.#ready) this.#ready.add(agentId);
    for (const agentId of other.#left) this.#left.add(agentId);
    for (const session of other.#over) this.#over.add(session);
    this.#streamed.push(...other.#streamed);
    this.#notices.push(...other.#notices);
    this.#advanced ||= other.#advanced;
    this.#audited ||= other.#audited;
    this.#happened ||= other.#happened;
    this.#missed ||= other.#missed;
  }

  /** To be done when this is committed. */
  afterwards(step: () => void): void {
    this.#notices.push(step);
  }

  /** What other brokers are told. */
  get called(): Called {
    return {
      // What is left over by the streams here is nothing.
      ready: [...this.#ready].filter((agentId) => !this.#served.has(agentId)),
      left: [...this.#left],
      over: [...this.#over],
      advanced: this.#advanced,
      audited: this.#audited,
      happened: this.#happened,
      missed: this.#missed,
    };
  }

  /** The act is committed: streams have what was leased for them at once, whoever listens is told after whoever asked for it. */
  tell(listener: StoreListener | undefined): void {
    for (const step of this.#notices) step();
    if (!listener) return;
    for (const { session, leased } of this.#streamed) listener.leased?.(session, leased);
    setImmediate(() => {
      for (const agentId of this.#left) listener.left?.(agentId);
      for (const agentId of this.#ready) listener.ready(agentId, this.#served.has(agentId));
      if (this.#advanced) listener.advanced();
      if (this.#audited) listener.audited?.();
      if (this.#advanced || this.#happened) listener.happened?.();
    });
  }
}
