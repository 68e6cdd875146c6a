/** The processes that sessions have named: which of them are over, a bounded number at a time. */
import type { AgentId, ProcessMark, SessionId } from "@agentmesh/protocol";

/** What this machine can say of processes. */
export interface ProcessSight {
  /** Whether the mark is of this start of this machine, as the broker's PID namespace counts: of others it can say nothing. */
  isHere(mark: ProcessMark): boolean;
  /** Whether a process is surely over. */
  isGone(mark: ProcessMark): boolean;
}

/** A session and whose it is. */
export interface NamedSession {
  readonly id: SessionId;
  readonly agentId: AgentId;
}

/** Processes looked at in one go, four times a second: looking is synchronous, and nobody is answered meanwhile. */
export const LOOKED_AT = 256;

/** The processes of the sessions that were heard of in this life of the broker. */
export class NamedProcesses {
  readonly #sight: ProcessSight;
  readonly #named = new Map<SessionId, { readonly agentId: AgentId; readonly mark: ProcessMark }>();
  /** Where the next look begins: an iterator goes on through what is added and taken away meanwhile. */
  #place = this.#named.entries();

  constructor(sight: ProcessSight) {
    this.#sight = sight;
  }

  /** Keeps what a session says of its process, if that can be seen from here. */
  note({ id, agentId }: NamedSession, mark: ProcessMark): void {
    if (this.#sight.isHere(mark)) this.#named.set(id, { agentId, mark });
    else this.#named.delete(id);
  }

  /** Forgets the process of a session that is over. */
  forget(id: SessionId): void {
    this.#named.delete(id);
  }

  /** Forgets the processes of an agent that has left the mesh. */
  forgetOf(agentId: AgentId): void {
    for (const [id, named] of this.#named) if (named.agentId === agentId) this.#named.delete(id);
  }

  /** Looks at the next ones, and gives the sessions whose process is gone. */
  lookOn(): NamedSession[] {
    const gone: NamedSession[] = [];
    for (let left = Math.min(LOOKED_AT, this.#named.size); left > 0; left--) {
      let next = this.#place.next();
      if (next.done) {
        this.#place = this.#named.entries();
        next = this.#place.next();
      }
      if (next.done) break;
      const [id, { agentId, mark }] = next.value;
      if (this.#sight.isGone(mark)) gone.push({ id, agentId });
    }
    return gone;
  }
}
