/** The sessions that were used since OpenCode started: which one a message goes to. */
import type { UserMessage } from "./opencode.ts";

/** A session, with the agent and model of its newest prompt. */
export interface OpenSession {
  readonly id: string;
  readonly lastPrompt: Pick<UserMessage, "id" | "agent" | "model">;
}

/** Kept up to date from OpenCode's events. */
export class OpenSessions {
  readonly #sessions = new Map<string, OpenSession>();
  /** Sessions of sub-agents: their turns end with their task, and no user looks at them. */
  readonly #children = new Set<string>();
  readonly #busy = new Set<string>();

  /** The session that was prompted last. Those that were only opened are not known: OpenCode does not say so. */
  get last(): OpenSession | undefined {
    let last: OpenSession | undefined;
    for (const session of this.#sessions.values()) {
      if (this.#children.has(session.id)) continue;
      if (last === undefined || session.lastPrompt.id > last.lastPrompt.id) last = session;
    }
    return last;
  }

  /** Whether the model of that session is at work. */
  get busy(): boolean {
    const { last } = this;
    return last !== undefined && this.#busy.has(last.id);
  }

  /** Notes a prompt; true when it is a new one. OpenCode tells of the same one several times. */
  prompted({ sessionID, id, agent, model }: UserMessage): boolean {
    const known = this.#sessions.get(sessionID);
    if (known && known.lastPrompt.id >= id) return false;
    this.#sessions.set(sessionID, { id: sessionID, lastPrompt: { id, agent, model } });
    return true;
  }

  /** Notes whether a session belongs to a sub-agent. */
  described({ id, parentID }: { readonly id: string; readonly parentID?: string | undefined }): void {
    if (parentID !== undefined) this.#children.add(id);
  }

  /** Notes whether a session's model is at work. */
  status(id: string, busy: boolean): void {
    if (busy) this.#busy.add(id);
    else this.#busy.delete(id);
  }

  /** Notes that there is no such session any more. */
  gone(id: string): void {
    this.#sessions.delete(id);
    this.#children.delete(id);
    this.#busy.delete(id);
  }
}
