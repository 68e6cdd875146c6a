/** The processes that sessions have named: which of them are over, a bounded number at a time. */
import type { AgentId, ProcessMark, SessionId } from "@agentmesh/protocol";

/** What this machine can say of processes. */
export interface ProcessSight {
  /** Whether the mark is of this start of this machine, as the broker's PID namespace counts: of others it can say nothing. */
  isHere(mark: ProcessMark): boolean;
  /** Whether there is no process of that id: quickly said. */
  isMissing(mark: ProcessMark): boolean;
  /** Whether a process is surely over, also where another has its id. */
  isGone(mark: ProcessMark): boolean;
}

/** A session and whose it is. */
export interface NamedSession {
  readonly id: SessionId;
  readonly agentId: AgentId;
}

/** Processes looked at in one go, four times a second: looking is synchronous, and nobody is answered meanwhile. */
export const LOOKED_AT = 256;

/** How many of them closely, which costs twenty times as much; where there are no more, all. */
export const CLOSELY = 8;

interface Named {
  readonly agentId: AgentId;
  readonly mark: ProcessMark;
}

/** The processes of the sessions that were heard of in this life of the broker. */
export class NamedProcesses {
  readonly #sight: ProcessSight;
  readonly #named = new Map<SessionId, Named>();
  readonly #next = { quickly: this.#around(), closely: this.#around() };

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
    const { quickly, closely } = this.#next;
    const { size } = this.#named;
    const gone = new Map<SessionId, NamedSession>();
    const look = (next: Iterator<[SessionId, Named], void>, count: number, isOver: (mark: ProcessMark) => boolean) => {
      for (let left = Math.min(count, size); left > 0; left--) {
        const { value } = next.next();
        if (!value) return;
        const [id, { agentId, mark }] = value;
        if (isOver(mark)) gone.set(id, { id, agentId });
      }
    };
    if (size > CLOSELY) look(quickly, LOOKED_AT, (mark) => this.#sight.isMissing(mark));
    look(closely, CLOSELY, (mark) => this.#sight.isGone(mark));
    return [...gone.values()];
  }

  /** One after the other, and again; undefined while there is none. An iterator goes on through what is added and taken away meanwhile. */
  *#around(): Generator<[SessionId, Named], void> {
    for (;;) {
      yield* this.#named;
    }
  }
}
