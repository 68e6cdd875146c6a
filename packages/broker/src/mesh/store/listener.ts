/** What the Store tells the mesh, and asks it, around each commit. */
import type { AgentId, SessionId } from "@agentmesh/protocol";
import type { LeasedRecord, StreamLeaseTerms } from "../records/index.ts";

/** Told that something may be leasable for an agent, or that the timeline grew. Hints: repeatable, may come early. */
export interface StoreListener {
  /** `isStreamed`: all that was leasable is leased for the agent's streams. */
  ready(agentId: AgentId, isStreamed: boolean): void;
  /** What the streams of an agent would take: it is leased for them in the commit that makes it leasable, in this order. */
  offers?(agentId: AgentId): readonly StreamLeaseTerms[];
  /** What was leased for such an offer, and is on disk. */
  leased?(session: SessionId, leased: readonly LeasedRecord[]): void;
  /** An agent has left the mesh; what waits for it may still be ending. */
  left?(agentId: AgentId): void;
  /** A session is over, by an act of another broker. */
  over?(session: SessionId): void;
  /** What others did may not have been told: whoever waits looks. */
  missed?(): void;
  /** Others took this broker for gone: what was streamed to sessions here may have returned, and comes anew. */
  seatedAnew?(): void;
  advanced(): void;
  /** The audit log grew. */
  audited?(): void;
  /** Something happened that is told of, to a delivery or beside; it is on disk. */
  happened?(): void;
}
