/** Streams without mail: while one is open its session is there; when its connection ends and none comes, the session is doubted. */
import { type AgentId, MAX_SESSIONS_LISTED, type SessionId } from "@agentmesh/protocol";
import type { Clock } from "../clock.ts";
import type { Policy } from "../policy.ts";
import type { Sink } from "../push/sink.ts";
import type { Store } from "../store.ts";

/** So long a session has to open another one, or to be heard of: in a network that changes connections end all the time, in milliseconds. */
const DOUBTED_AFTER_MS = 1_000;

type PresenceSink = Pick<Sink, "close">;

interface Open {
  readonly agentId: AgentId;
  readonly sink: PresenceSink;
}

/** What they work with. */
export interface PresenceStreamsParts {
  readonly store: Store;
  readonly policy: Policy;
  readonly clock: Clock;
  /** Whether the session has a stream with mail, which says as much. */
  readonly isStreamed: (session: SessionId) => boolean;
  readonly onFault: (error: unknown) => void;
}

/** The open ones, by session. */
export class PresenceStreams {
  readonly #parts: PresenceStreamsParts;
  readonly #open = new Map<SessionId, Open>();
  readonly #closed = new Map<SessionId, NodeJS.Timeout>();
  #over: { readonly code: string; readonly reconnect: boolean } | undefined;

  constructor(parts: PresenceStreamsParts) {
    this.#parts = parts;
  }

  /** Whether the session has one, or had one a moment ago. */
  has(session: SessionId): boolean {
    return this.#open.has(session) || this.#closed.has(session);
  }

  /** Takes one that was opened, until `detach` is called. A second one of a session replaces the first. */
  attach(agentId: AgentId, session: SessionId, sink: PresenceSink): { detach: () => void } {
    if (this.#over) {
      sink.close(this.#over.code, this.#over.reconnect);
      return { detach: () => {} };
    }
    this.#forgetClosed(session);
    const open = { agentId, sink };
    const before = this.#open.get(session);
    this.#open.set(session, open);
    before?.sink.close("replaced", false);
    // It may have ended while the stream was being opened.
    this.#parts.store.hasSession(session).then((is) => {
      if (!is && this.#open.get(session) === open) this.end(session);
    }, this.#parts.onFault);
    return { detach: () => this.#detach(session, open) };
  }

  /** Ends that of a session which is over. */
  end(session: SessionId): void {
    this.#forgetClosed(session);
    const open = this.#open.get(session);
    this.#open.delete(session);
    open?.sink.close("session_over", true);
  }

  /** Ends those of an agent that has left the mesh. */
  endOf(agentId: AgentId): void {
    for (const [session, open] of [...this.#open]) {
      if (open.agentId !== agentId) continue;
      this.#open.delete(session);
      open.sink.close("agent_removed", false);
    }
  }

  /** Says goodbye to all. */
  closeAll(code: string, reconnect: boolean): void {
    this.#over = { code, reconnect };
    for (const session of [...this.#closed.keys()]) this.#forgetClosed(session);
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const { sink } of all) sink.close(code, reconnect);
  }

  #forgetClosed(session: SessionId): void {
    clearTimeout(this.#closed.get(session));
    this.#closed.delete(session);
  }

  #detach(session: SessionId, open: Open): void {
    if (this.#open.get(session) !== open) return;
    this.#open.delete(session);
    const closedAt = this.#parts.clock.now();
    const timer = setTimeout(() => {
      this.#closed.delete(session);
      this.#doubt(session, open.agentId, closedAt).catch(this.#parts.onFault);
    }, DOUBTED_AFTER_MS);
    this.#closed.set(session, timer);
  }

  /** Doubts it, unless it was heard of meanwhile or has another stream. */
  async #doubt(id: SessionId, agentId: AgentId, closedAt: number): Promise<void> {
    const { store, policy, isStreamed } = this.#parts;
    const { sessions } = await store.sessionsOf(agentId, MAX_SESSIONS_LISTED);
    const session = sessions.find((each) => each.id === id);
    if (session === undefined || session.lastHeardAt > closedAt) return;
    if (this.#open.has(id) || isStreamed(id) || this.#over) return;
    await store.doubtSession({ id, agentId }, policy.staleAfterMs, "stream_closed");
  }
}
