/** One open stream: what is leased for its session goes into its sink, in the order of the leases. */
import type { AgentId, SessionId, Urgency } from "@agentmesh/protocol";
import { MAX_BYTES_PER_READ, MAX_DELIVERIES_PER_READ } from "@agentmesh/protocol";
import type { LeasedRecord, Store, StreamLeaseTerms } from "../store.ts";
import type { Sink } from "./sink.ts";

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

/** A stream from when its sink is open until it is stopped. */
export class Stream {
  readonly agentId: AgentId;
  readonly session: SessionId;
  readonly sink: Sink;
  /** What it leases at a time. */
  readonly lease: StreamLeaseTerms;
  readonly #store: Store;
  /** Told after each lease whether the session is silent. */
  readonly #onLease: (silent: boolean) => void;
  readonly #onFault: (error: unknown) => void;
  #open = true;
  #draining = false;
  #again = false;

  constructor(
    terms: StreamTerms,
    sink: Sink,
    parts: { store: Store; onLease: (silent: boolean) => void; onFault: (error: unknown) => void },
  ) {
    const { agentId, session, leaseMs, maxInFlight, maxPushes, urgency } = terms;
    this.agentId = agentId;
    this.session = session;
    this.sink = sink;
    this.lease = {
      ...{ agentId, session, leaseMs, max: MAX_DELIVERIES_PER_READ, maxBytes: MAX_BYTES_PER_READ },
      stream: { maxInFlight, maxPushes, urgency },
    };
    this.#store = parts.store;
    this.#onLease = parts.onLease;
    this.#onFault = parts.onFault;
    sink.onRoom(this.drain);
  }

  /** Whether it has room and asks for nothing itself just now: what it has asked for comes first. */
  get takes(): boolean {
    return this.#open && !this.#draining && this.sink.hasRoom;
  }

  /** Takes what was leased for it, in that order. What comes after it stopped is returned with the rest when its grace ends. */
  push(leased: readonly LeasedRecord[]): void {
    this.#onLease(false);
    if (this.#open) for (const { delivery, streamPosition } of leased) this.sink.push(delivery, streamPosition);
  }

  /** Leases and pushes what is ready, as long as there is some and room. */
  readonly drain = async (): Promise<void> => {
    this.#again = true;
    if (this.#draining) return;
    this.#draining = true;
    try {
      while (this.#again && this.#open && this.sink.hasRoom) {
        this.#again = false;
        this.#again = (await this.#fill()) || this.#again;
      }
    } catch (error) {
      this.#onFault(error);
      // Nothing else would wake this stream: a lock or a full disk may be gone in a moment.
      if (this.#open) setTimeout(this.drain, RETRY_MS).unref();
    } finally {
      this.#draining = false;
    }
  };

  stop(): void {
    this.#open = false;
  }

  async #fill(): Promise<boolean> {
    const { leased, silent = false } = await this.#store.lease(this.lease);
    if (!this.#open) return false;
    if (silent) this.#onLease(true);
    else this.push(leased);
    return leased.length > 0;
  }
}
