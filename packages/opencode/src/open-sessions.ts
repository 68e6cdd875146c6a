/** The sessions that were used since OpenCode started: which one a message goes to. */
import type { UserMessage } from "./opencode.ts";

/** A session, with the agent and model of its newest prompt. */
export interface OpenSession {
  readonly id: string;
  readonly lastPrompt: Pick<UserMessage, "id" | "agent" | "model">;
}

const MAX_THREADS_KEPT = 1_000;

/** Kept up to date from OpenCode's events. Sessions that were only opened are not known: OpenCode does not tell. */
export class OpenSessions {
  readonly #sessions = new Map<string, OpenSession>();
  /** Sessions of sub-agents: their turns end with their task, and no user looks at them. */
  readonly #parents = new Map<string, string>();
  readonly #busy = new Set<string>();
  readonly #threads = new Map<string, string>();

  /** The session that was prompted last. */
  get last(): OpenSession | undefined {
    let last: OpenSession | undefined;
    for (const session of this.#sessions.values()) {
      if (this.#parents.has(session.id)) continue;
      if (last === undefined || session.lastPrompt.id > last.lastPrompt.id) last = session;
    }
    return last;
  }

  /** The session a message goes to: the one that takes part in its thread, else the last. */
  for(threadId: string | undefined): OpenSession | undefined {
    const talking = threadId === undefined ? undefined : this.#threads.get(threadId);
    return (talking === undefined ? undefined : this.#sessions.get(talking)) ?? this.last;
  }

  /** Whether the model of any session is at work. */
  get busy(): boolean {
    return this.#busy.size > 0;
  }

  /** Notes that a session takes part in a thread; for a sub-agent's, the session that began it. */
  talks(sessionID: string, threadId: string): void {
    this.#threads.delete(threadId);
    this.#threads.set(threadId, this.#rootOf(sessionID));
    const oldest = this.#threads.size > MAX_THREADS_KEPT ? this.#threads.keys().next().value : undefined;
    if (oldest !== undefined) this.#threads.delete(oldest);
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
    if (parentID !== undefined) this.#parents.set(id, parentID);
  }

  /** Notes whether a session's model is at work. */
  status(id: string, busy: boolean): void {
    if (busy) this.#busy.add(id);
    else this.#busy.delete(id);
  }

  /** Notes that there is no such session any more. */
  gone(id: string): void {
    this.#sessions.delete(id);
    this.#parents.delete(id);
    this.#busy.delete(id);
  }

  #rootOf(id: string): string {
    let root = id;
    for (let parent = this.#parents.get(id); parent !== undefined; parent = this.#parents.get(parent)) root = parent;
    return root;
  }
}
