/** What becomes leasable in one transaction, and what of it is leased in it for the streams that are open. */
import type { AgentId, SessionId } from "@agentmesh/protocol";
import type { LeasedRecord, StoreListener, StreamLeaseTerms } from "../../../mesh/store.ts";
import type { Undo } from "../memory/undo.ts";

/** What was leased for one stream. */
export interface StreamedLeases {
  readonly session: SessionId;
  readonly leased: readonly LeasedRecord[];
}

/** The agents whom a transaction makes something leasable for, and what their streams take of it. */
export class Leasable {
  readonly #undo: Undo;
  readonly #listener: () => StoreListener | undefined;
  readonly #ready = new Set<AgentId>();
  /** Of those nothing leasable is left: their streams have it. */
  readonly #served = new Set<AgentId>();
  /** Whose mail was leased as it came. */
  readonly #leasedAtOnce = new Set<AgentId>();
  readonly #streamed: StreamedLeases[] = [];

  constructor(undo: Undo, listener: () => StoreListener | undefined) {
    this.#undo = undo;
    this.#listener = listener;
  }

  /** Something may be leasable for an agent. */
  ready(agentId: AgentId): void {
    this.#ready.add(agentId);
  }

  /** What the agent's streams would take now. */
  offers(agentId: AgentId): readonly StreamLeaseTerms[] {
    return this.#listener()?.offers?.(agentId) ?? [];
  }

  /** Mail was leased for a stream of the agent as it came: it is pushed when it is on disk. */
  leasedAtOnce(agentId: AgentId, leases: StreamedLeases): void {
    this.leased(leases);
    this.#leasedAtOnce.add(agentId);
  }

  /** Something was leased for a stream: it is pushed when it is on disk. */
  leased(leases: StreamedLeases): void {
    this.#streamed.push(leases);
    this.#undo.note(() => this.#streamed.pop());
  }

  /** For whom there may be something, with what their streams would take. */
  *open(): Generator<{ readonly agentId: AgentId; readonly offers: readonly StreamLeaseTerms[] }> {
    for (const agentId of this.#ready) {
      const offers = this.offers(agentId);
      if (offers.length > 0) yield { agentId, offers };
    }
  }

  /** Nothing leasable is left for an agent. */
  served(agentId: AgentId): void {
    this.#served.add(agentId);
  }

  /** It is committed: gives whom to tell of what is leasable, and how to push what was leased, when it is on disk. */
  take(): { readonly hints: { readonly agentId: AgentId; readonly isStreamed: boolean }[]; push(): void } {
    const agents = new Set([...this.#ready, ...this.#leasedAtOnce]);
    const isStreamed = (agentId: AgentId) => this.#served.has(agentId) || !this.#ready.has(agentId);
    const hints = [...agents].map((agentId) => ({ agentId, isStreamed: isStreamed(agentId) }));
    for (const done of [this.#ready, this.#served, this.#leasedAtOnce]) done.clear();
    const streamed = this.#streamed.splice(0);
    return {
      hints,
      push: () => {
        for (const { session, leased } of streamed) this.#listener()?.leased?.(session, leased);
      },
    };
  }

  /** It is lost. */
  lost(): void {
    this.#served.clear();
    this.#leasedAtOnce.clear();
    this.#streamed.length = 0;
  }
}
