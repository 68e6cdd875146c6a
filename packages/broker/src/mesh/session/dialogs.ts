/** The dialogs that sessions stand at, as they tell with their heartbeats; in memory, since the next one says it again. */
import type { AgentId, Dialog, SessionId } from "@agentmesh/protocol";

/** What was said by the sessions that were heard of in this life of the broker. */
export class Dialogs {
  readonly #of = new Map<AgentId, Map<SessionId, Dialog>>();
  readonly #agents = new Map<SessionId, AgentId>();

  /** Keeps what a session says of itself now. */
  note(id: SessionId, agentId: AgentId, dialog: Dialog | undefined): void {
    this.forget(id);
    if (dialog === undefined) return;
    this.#of.set(agentId, (this.#of.get(agentId) ?? new Map()).set(id, dialog));
    this.#agents.set(id, agentId);
  }

  /** What a session stands at. */
  ofSession(agentId: AgentId, id: SessionId): Dialog | undefined {
    return this.#of.get(agentId)?.get(id);
  }

  /** What a session of an agent stands at: the one that has for longest. */
  ofAgent(agentId: AgentId): Dialog | undefined {
    let longest: Dialog | undefined;
    for (const dialog of this.#of.get(agentId)?.values() ?? []) {
      if (longest === undefined || dialog.since < longest.since) longest = dialog;
    }
    return longest;
  }

  /** Forgets a session that is over. */
  forget(id: SessionId): void {
    const agentId = this.#agents.get(id);
    if (agentId === undefined) return;
    this.#agents.delete(id);
    const others = this.#of.get(agentId);
    others?.delete(id);
    if (others?.size === 0) this.#of.delete(agentId);
  }

  /** Forgets the sessions of an agent that has left the mesh. */
  forgetOf(agentId: AgentId): void {
    for (const id of [...(this.#of.get(agentId)?.keys() ?? [])]) this.forget(id);
  }
}
