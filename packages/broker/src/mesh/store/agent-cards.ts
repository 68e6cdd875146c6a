/** The part of the Store port that keeps agent cards. */
import type { AgentId } from "@agentmesh/protocol";
import type { AgentCardRecord, AgentCardToKeep, By } from "../records/index.ts";

/** One card for an agent, or none; it goes when its agent goes. */
export interface AgentCardStore {
  /** In place of the one before. @throws MeshError agent_not_found */
  putAgentCard(agentId: AgentId, card: AgentCardToKeep, by: By): Promise<void>;
  agentCard(agentId: AgentId): Promise<AgentCardRecord | undefined>;
  /** False when there was none. */
  removeAgentCard(agentId: AgentId, by: By): Promise<boolean>;
}
