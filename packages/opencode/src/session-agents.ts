/** Agents of this process: each root session of OpenCode that is used is one, with an inbox of its own. */
import type { AgentSession } from "agentmesh-mcp/session";
import { OpenSession } from "./open-session.ts";

/** So many are in the mesh at a time; the mail of one that was not used for longest waits until it is prompted again. */
export const MOST_AGENTS = 16;

/** A session with its agent. */
export interface SessionAgent {
  readonly open: OpenSession;
  readonly session: AgentSession;
}

/** Finds the agent of a session, and makes it when the session is used first. */
export class SessionAgents {
  readonly #make: (open: OpenSession) => AgentSession;
  /** By the root session's id, the one that was used last at the end. */
  readonly #agents = new Map<string, SessionAgent>();
  /** Sessions of sub-agents: their turns end with their task, and what they do is their parent's. */
  readonly #parents = new Map<string, string>();
  /** In the mesh so that others see it before a session is used; becomes the first that is. */
  #unused: SessionAgent | undefined;

  constructor(make: (open: OpenSession) => AgentSession) {
    this.#make = make;
  }

  /** Joins the mesh before any session is used, as nobody's agent yet. */
  begin(): void {
    if (this.#agents.size === 0) this.#waiting().session.start();
  }

  /** The agent of the session, or of the one whose sub-agent it is; it is used now. */
  of(sessionID: string): SessionAgent {
    const id = this.#rootOf(sessionID);
    const known = this.#agents.get(id);
    this.#agents.delete(id);
    const agent = known ?? this.#waiting();
    this.#agents.set(id, agent);
    if (known === undefined) {
      this.#unused = undefined;
      agent.open.is(id);
      agent.session.clientSession.learn({ id });
      agent.session.start();
      this.#makeRoom();
    }
    return agent;
  }

  /** The agent of the session, if it has been used. */
  known(sessionID: string): SessionAgent | undefined {
    return this.#agents.get(this.#rootOf(sessionID));
  }

  /** Notes whose sub-agent a session belongs to. */
  described({ id, parentID }: { readonly id: string; readonly parentID?: string | undefined }): void {
    if (parentID !== undefined) this.#parents.set(id, parentID);
  }

  /** The session was deleted: nobody can resume it, and who wrote to it is told. */
  async deleted(id: string): Promise<void> {
    this.#parents.delete(id);
    const agent = this.#agents.get(id);
    this.#agents.delete(id);
    await agent?.session.leave({ deleted: true });
  }

  /** Leaves the mesh with all of them. */
  async leave(): Promise<void> {
    const all = [...this.#agents.values(), ...(this.#unused ? [this.#unused] : [])];
    await Promise.all(all.map(({ session }) => session.leave()));
  }

  #waiting(): SessionAgent {
    if (this.#unused) return this.#unused;
    const open = new OpenSession();
    this.#unused = { open, session: this.#make(open) };
    return this.#unused;
  }

  #makeRoom(): void {
    for (const [id, { open, session }] of this.#agents) {
      if (this.#agents.size <= MOST_AGENTS) return;
      if (open.busy) continue;
      this.#agents.delete(id);
      void session.leave();
    }
  }

  #rootOf(id: string): string {
    let root = id;
    for (let parent = this.#parents.get(id); parent !== undefined; parent = this.#parents.get(parent)) root = parent;
    return root;
  }
}
