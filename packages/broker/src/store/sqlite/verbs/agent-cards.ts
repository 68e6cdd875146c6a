/** The Store's verbs on agent cards. */
import { MeshError } from "../../../mesh/errors.ts";
import type { AgentCardStore } from "../../../mesh/store/agent-cards.ts";
import { laneOf } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on them. */
export function agentCardVerbs({ engine, peek, write }: VerbParts): AgentCardStore {
  const { agents, agentCards, audit } = engine;
  return {
    putAgentCard: (agentId, card, by) =>
      write(laneOf.agent(agentId), () => {
        const row = agents.row(agentId);
        if (!row) throw new MeshError("agent_not_found", `Agent ${agentId} has left the mesh. It shows no card.`);
        agentCards.put(row.pk, card);
        audit.note({ act: "card_set", by, about: row });
      }),
    agentCard: (agentId) =>
      peek(() => {
        const row = agents.row(agentId);
        return row && agentCards.of(row.pk);
      }),
    removeAgentCard: (agentId, by) =>
      write(laneOf.agent(agentId), () => {
        const row = agents.row(agentId);
        const removed = row !== undefined && agentCards.removeOf(row.pk);
        if (removed) audit.note({ act: "card_removed", by, about: row });
        return removed;
      }),
  };
}
