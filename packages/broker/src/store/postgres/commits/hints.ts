/** What an act leaves to be told when it is committed. Hints: repeatable, may come early; the truth is in the database. */
import type { AgentId } from "@agentmesh/protocol";
import type { StoreListener } from "../../../mesh/store.ts";

/** What is told of one act. */
export class Hints {
  readonly #ready = new Set<AgentId>();
  readonly #left = new Set<AgentId>();
  readonly #notices: (() => void)[] = [];
  #advanced = false;
  #audited = false;
  #happened = false;

  /** Something may be leasable for an agent. */
  ready(agentId: AgentId): void {
    this.#ready.add(agentId);
  }

  /** An agent has left the mesh. */
  left(agentId: AgentId): void {
    this.#left.add(agentId);
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

  /** To be done when this is committed. */
  afterwards(step: () => void): void {
    this.#notices.push(step);
  }

  /** The act is committed: whoever listens is told, after whoever asked for the act. */
  tell(listener: StoreListener | undefined): void {
    for (const step of this.#notices) step();
    if (!listener) return;
    setImmediate(() => {
      for (const agentId of this.#left) listener.left?.(agentId);
      for (const agentId of this.#ready) listener.ready(agentId, false);
      if (this.#advanced) listener.advanced();
      if (this.#audited) listener.audited?.();
      if (this.#advanced || this.#happened) listener.happened?.();
    });
  }
}
