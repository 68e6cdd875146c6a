/** Streams: what is ready is leased and pushed into the sink of a session, within its credit. */
import type { AgentId, SessionId, Urgency } from "@agentmesh/protocol";
import { MAX_BYTES_PER_READ, MAX_DELIVERIES_PER_READ } from "@agentmesh/protocol";
import type { Policy } from "../policy.ts";
import type { RetryPolicy, Store } from "../store.ts";
import { retryPolicy } from "./retry.ts";
import type { Sink } from "./sink.ts";
import type { Wakes } from "./wakes.ts";

/** What a session asks of its stream. */
export interface StreamTerms {
  readonly agentId: AgentId;
  readonly session: SessionId;
  readonly maxInFlight: number;
  readonly leaseMs: number;
  readonly maxPushes: number | undefined;
  /** Least urgency that is streamed. */
  readonly urgency: Urgency;
  /** Position of the last delivery the client has; later ones were lost on the way and come again at once. */
  readonly lastPosition: number | undefined;
}

/** When a stream tries again after the store failed it, in milliseconds. */
const RETRY_MS = 1_000;

interface OpenStream {
  readonly terms: StreamTerms;
  readonly sink: Sink;
  stop(): void;
}

/** Open streams by session, and the leases of those that just closed. */
export class Streams {
  readonly #store: Store;
  readonly #ready: Wakes<string>;
  readonly #retry: RetryPolicy;
  readonly #graceMs: number;
  readonly #staleAfterMs: number;
  readonly #open = new Map<SessionId, OpenStream>();
  readonly #grace = new Map<SessionId, { readonly agentId: AgentId; readonly timer: NodeJS.Timeout }>();
  /** Sessions with a stream that is read, or in its grace, by agent. */
  readonly #streamed = new Map<AgentId, Set<SessionId>>();
  readonly #onFault: (error: unknown) => void;
  /** Set when all have been told goodbye: one that is opened after that is told so too. */
  #over: { readonly code: string; readonly reconnect: boolean } | undefined;

  constructor(parts: { store: Store; policy: Policy; ready: Wakes<string>; onFault: (error: unknown) => void }) {
    this.#store = parts.store;
    this.#ready = parts.ready;
    this.#graceMs = parts.policy.streamGraceMs;
    this.#staleAfterMs = parts.policy.staleAfterMs;
    this.#retry = retryPolicy(parts.policy);
    this.#onFault = parts.onFault;
  }

  get size(): number {
    return this.#open.size;
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
    const before = this.#open.get(terms.session);
    this.#open.delete(terms.session);
    before?.stop();
    before?.sink.close("replaced", false);
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
    let draining = false;
    let again = false;
    let open = true;
    const drain = async () => {
      again = true;
      if (draining) return;
      draining = true;
      try {
        while (again && open && sink.hasRoom) {
          again = false;
          again = (await this.#fill(terms, sink, () => open)) || again;
        }
      } catch (error) {
        this.#onFault(error);
        // Nothing else would wake this stream: a lock or a full disk may be gone in a moment.
        if (open) setTimeout(drain, RETRY_MS).unref();
      } finally {
        draining = false;
      }
    };
    const off = this.#ready.on(terms.agentId, drain);
    sink.onRoom(drain);
    const stream: OpenStream = {
      terms,
      sink,
      stop: () => {
        open = false;
        off();
      },
    };
    this.#open.set(terms.session, stream);
    this.#stream(terms);
    void drain();
    return { sink, detach: () => this.#detach(terms.session, stream) };
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
    for (const { terms, sink } of [...this.#open.values()]) {
      if (terms.agentId === agentId) sink.close("agent_removed", false);
    }
  }

  /** Says goodbye to every stream. */
  closeAll(code: string, reconnect: boolean): void {
    this.#over = { code, reconnect };
    for (const { sink } of [...this.#open.values()]) sink.close(code, reconnect);
    for (const { timer } of this.#grace.values()) clearTimeout(timer);
    this.#grace.clear();
  }

  async #fill(terms: StreamTerms, sink: Sink, isOpen: () => boolean): Promise<boolean> {
    const { leased, silent } = await this.#store.lease({
      agentId: terms.agentId,
      max: MAX_DELIVERIES_PER_READ,
      maxBytes: MAX_BYTES_PER_READ,
      leaseMs: terms.leaseMs,
      session: terms.session,
      stream: { maxInFlight: terms.maxInFlight, maxPushes: terms.maxPushes, urgency: terms.urgency },
    });
    if (silent) this.#unstream(terms.session, terms.agentId);
    else if (isOpen()) this.#stream(terms);
    // A lease that lands after the stream closed is returned with the others when the grace ends.
    if (isOpen()) for (const { delivery, streamPosition } of leased) sink.push(delivery, streamPosition);
    return leased.length > 0;
  }

  #detach(session: SessionId, stream: OpenStream): void {
    if (this.#open.get(session) !== stream) return;
    this.#open.delete(session);
    stream.stop();
    this.#startGrace(session, stream.terms.agentId);
    if (!this.#over) this.#doubt(session, stream.terms.agentId);
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
    if (!this.#open.has(session)) this.#unstream(session, agentId);
    await this.#store.returnStreamed(session, undefined, this.#retry);
  }

  /** A process that lives on renews its session when it comes back, or with the next heartbeat; a dead one is not called online until then. */
  #doubt(id: SessionId, agentId: AgentId): void {
    this.#store.doubtSession({ id, agentId }, this.#staleAfterMs, "stream_closed").catch(this.#onFault);
  }

  #stream({ agentId, session }: StreamTerms): void {
    this.#streamed.set(agentId, (this.#streamed.get(agentId) ?? new Set()).add(session));
  }

  /** Without a stream that is read an agent's webhook gets its mail again. */
  #unstream(session: SessionId, agentId: AgentId): void {
    const sessions = this.#streamed.get(agentId);
    if (!sessions?.delete(session)) return;
    if (sessions.size === 0) this.#streamed.delete(agentId);
    this.#ready.wake(agentId);
  }
}
