/** The records of agent cards that go through the Store port. */
import type { CardSkill } from "@agentmesh/protocol";

/** What an agent shows of itself. */
export interface AgentCardToKeep {
  readonly description: string;
  readonly skills: readonly CardSkill[];
}

/** The same as stored. */
export interface AgentCardRecord extends AgentCardToKeep {
  readonly setAt: number;
}
