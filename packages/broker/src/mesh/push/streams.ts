/** Streams: what is ready is leased and pushed into the sink of a session, within its credit. */
import type { AgentId, SessionId } from "@agentmesh/protocol";
import type { Policy } from "../policy.ts";
import type { LeasedRecord, RetryPolicy, Store, StreamLeaseTerms } from "../store.ts";
import { retryPolicy } from "./retry.ts";
import type { Sink } from "./sink.ts";
import { Stream, type StreamTerms } from "./stream.ts";
import type { Wakes } from "./wakes.ts";

/** When leases of a closed stream are returned again after the store failed it, in milliseconds. */
const RETRY_MS = 1_000;

/** Open streams by session, and the leases of those that just closed. */
export class Streams {
  readonly #store: Store;
  readonly #ready: Wakes<string>;
  readonly #retry: RetryPolicy;
  readonly #graceMs: number;
  readonly #staleAfterMs: number;
  readonly #open = new Map<SessionId, Stream>();
  /** The same by agent. */
  readonly #openOf = new Map<AgentId, Set<Stream>>();
  readonly #grace = new Map<SessionId, { readonly agentId: AgentId; readonly timer: NodeJS.Timeout }>();
  /** Sessions with a stream that is read, or in its grace, by agent. */
  readonly #streamed = new Map<AgentId, Set<SessionId>>();
  /** Whether a session has a stream without mail, which says that it is there. */
  readonly #isPresent: (session: SessionId) => boolean;
  readonly #onFault: (error: unknown) => void;
  /** Set when all have been told goodbye: one that is opened after that is told so too. */
  #over: { readonly code: string; readonly reconnect: boolean } | undefined;

  constructor(parts: {
    store: Store;
    policy: Policy;
    ready: Wakes<string>;
    isPresent: (session: SessionId) => boolean;
    onFault: (error: unknown) => void;
  }) {
    this.#store = parts.store;
    this.#ready = parts.ready;
    this.#graceMs = parts.policy.streamGraceMs;
    this.#staleAfterMs = parts.policy.staleAfterMs;
    this.#retry = retryPolicy(parts.policy);
    this.#isPresent = parts.isPresent;
    this.#onFault = parts.onFault;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Whether this session has one open. */
  isOpen(session: SessionId): boolean {
    return this.#open.has(session);
  }

  /** Whether a session of this agent has a stream and reads it, or had one a moment ago and may come back to it. */
  has(agentId: AgentId): boolean {
    return this.#streamed.has(agentId);
  }

  /**
   * Opens a sink and pushes into it until `detach` is called. A second stream of a session replaces the first. When the
   * store fails nothing is opened: the caller can still be refused, and tries again.
   */
  async attach<S extends Sink>(terms: StreamTerms, openSink: () => S): Promise<{ sink: S; detach: () => void }> {
    // Taken off first: what replaces it is no reason to doubt the session.
    const before = this.#replaced(terms.session);
    const grace = this.#grace.get(terms.session);
    clearTimeout(grace?.timer);
    this.#grace.delete(terms.session);
    try {
      await this.#store.returnStreamed(terms.session, terms.lastPosition ?? 0, this.#retry);
    } catch (error) {
      this.#startGrace(terms.session, terms.agentId);
      // Nothing has replaced it.
      if (before) this.#doubt(terms.session, terms.agentId);
      throw error;
    }

    const sink = openSink();
    if (this.#over) {
      sink.close(this.#over.code, this.#over.reconnect);
      return { sink, detach: () => {} };
    }
    const stream = new Stream(terms, sink, {
      store: this.#store,
      onLease: (silent) => (silent ? this.#unstream(terms) : this.#stream(terms)),
      onFault: this.#onFault,
    });
    this.#opened(stream);
    this.#stream(terms);
    void stream.drain();
    // It may have ended while what was lost on the way came back; from here on its end is this stream's.
    if (!(await this.#store.hasSession(terms.session))) sink.close("session_over", true);
    return { sink, detach: () => this.#detach(stream) };
  }

  /** Something may be leasable for an agent: its streams look. */
  wake(agentId: AgentId): void {
    for (const stream of this.#openOf.get(agentId) ?? []) void stream.drain();
  }

  /** Whatever may be leasable: all streams look. */
  wakeAll(): void {
    for (const stream of this.#open.values()) void stream.drain();
  }

  /** Closes all streams; their clients come back, and say what they have. */
  interrupt(code: string): void {
    for (const { sink } of [...this.#open.values()]) sink.close(code, true);
  }

  /** What the open streams of an agent take now, in the order they were opened. */
  offers(agentId: AgentId): StreamLeaseTerms[] {
    return [...(this.#openOf.get(agentId) ?? [])].filter(({ takes }) => takes).map(({ lease }) => lease);
  }

  /** Pushes what was leased for one of these offers, in the commit that made it leasable. */
  leased(session: SessionId, leased: readonly LeasedRecord[]): void {
    this.#open.get(session)?.push(leased);
  }

  /** Returns now what sessions of this agent held whose streams are gone. */
  async settle(agentId: AgentId): Promise<void> {
    for (const [session, grace] of this.#grace) {
      if (grace.agentId === agentId) await this.#giveBack(session, agentId);
    }
  }

  /** Ends the stream of a session that is over. */
  end(session: SessionId): void {
    this.#open.get(session)?.sink.close("session_over", true);
  }

  /** Ends the streams of an agent that has left the mesh. */
  endOf(agentId: AgentId): void {
    for (const { sink } of [...(this.#openOf.get(agentId) ?? [])]) sink.close("agent_removed", false);
  }

  /** Says goodbye to every stream. */
  closeAll(code: string, reconnect: boolean): void {
    this.#over = { code, reconnect };
    for (const { sink } of [...this.#open.values()]) sink.close(code, reconnect);
    for (const { timer } of this.#grace.values()) clearTimeout(timer);
    this.#grace.clear();
  }

  #opened(stream: Stream): void {
    // Another may have been opened while this one waited for the store.
    this.#replaced(stream.session);
    this.#open.set(stream.session, stream);
    this.#openOf.set(stream.agentId, (this.#openOf.get(stream.agentId) ?? new Set()).add(stream));
  }

  /** Ends the stream that a session has; another takes its place. */
  #replaced(session: SessionId): Stream | undefined {
    const before = this.#open.get(session);
    if (!before) return undefined;
    this.#closed(before);
    before.sink.close("replaced", false);
    return before;
  }

  #closed(stream: Stream): void {
    stream.stop();
    this.#open.delete(stream.session);
    const others = this.#openOf.get(stream.agentId);
    others?.delete(stream);
    if (others?.size === 0) this.#openOf.delete(stream.agentId);
  }

  #detach(stream: Stream): void {
    const { session, agentId } = stream;
    if (this.#open.get(session) !== stream) return;
    this.#closed(stream);
    this.#startGrace(session, agentId);
    if (!this.#over && !this.#isPresent(session)) this.#doubt(session, agentId);
  }

  #startGrace(session: SessionId, agentId: AgentId): void {
    const timer = setTimeout(() => this.#giveBackUntilDone(session, agentId), this.#graceMs);
    this.#grace.set(session, { agentId, timer });
  }

  #giveBackUntilDone(session: SessionId, agentId: AgentId): void {
    this.#giveBack(session, agentId).catch((error: unknown) => {
      this.#onFault(error);
      setTimeout(() => this.#giveBackUntilDone(session, agentId), RETRY_MS).unref();
    });
  }

  async #giveBack(session: SessionId, agentId: AgentId): Promise<void> {
    clearTimeout(this.#grace.get(session)?.timer);
    this.#grace.delete(session);
    if (!this.#open.has(session)) this.#unstream({ session, agentId });
    await this.#store.returnStreamed(session, undefined, this.#retry);
  }

  /** A process that lives on renews its session when it comes back, or with the next heartbeat; a dead one is not called online until then. */
  #doubt(id: SessionId, agentId: AgentId): void {
    this.#store.doubtSession({ id, agentId }, this.#staleAfterMs, "stream_closed").catch(this.#onFault);
  }

  #stream({ agentId, session }: Pick<StreamTerms, "agentId" | "session">): void {
    const sessions = this.#streamed.get(agentId);
    if (sessions) sessions.add(session);
    else this.#streamed.set(agentId, new Set([session]));
  }

  /** Without a stream that is read an agent's webhook gets its mail again. */
  #unstream({ agentId, session }: Pick<StreamTerms, "agentId" | "session">): void {
    const sessions = this.#streamed.get(agentId);
    if (!sessions?.delete(session)) return;
    if (sessions.size === 0) this.#streamed.delete(agentId);
    this.#ready.wake(agentId);
  }
}
