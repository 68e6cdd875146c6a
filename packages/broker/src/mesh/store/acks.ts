/** The part of the Store port about acks. */
import type { AckEvidence, AgentId, DeliveryRef } from "@agentmesh/protocol";
import type { AckAsked, AckVerdict, RefusedEntry } from "../records/index.ts";

/** What ends deliveries well. */
export interface AckStore {
  /** Acks for the owner; with a receipt only while that lease is the current one. @throws MeshError other_life */
  ack(agentId: AgentId, ref: DeliveryRef, receipt: string | undefined, evidence: AckEvidence): Promise<AckVerdict>;
  /**
   * As many acks, in slices and in this order; a verdict for each. One that is refused leaves the others as they are. When
   * the disk takes no more on the way, what is acked by then is, and the rest is refused with that.
   */
  ackMany(agentId: AgentId, acks: readonly AckAsked[]): Promise<readonly (AckVerdict | RefusedEntry)[]>;
}
