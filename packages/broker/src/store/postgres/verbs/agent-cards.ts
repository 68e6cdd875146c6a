/** The Store's verbs on agent cards. */
import { MeshError } from "../../../mesh/errors.ts";
import type { AgentCardStore } from "../../../mesh/store/agent-cards.ts";
import { laneOf } from "../../shared/lanes.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on them. */
export function agentCardVerbs({ read, write }: VerbParts): AgentCardStore {
  return {
    putAgentCard: (agentId, card, by) =>
      write(laneOf.agent(agentId), async ({ agents, agentCards, audit }) => {
        const row = await agents.lockedRow(agentId);
        if (!row) throw new MeshError("agent_not_found", `Agent ${agentId} has left the mesh. It shows no card.`);
        await agentCards.put(row.pk, card);
        await audit.note({ act: "card_set", by, about: row });
      }),
    agentCard: (agentId) =>
      read(async ({ agents, agentCards }) => {
        const row = await agents.row(agentId);
        return row && agentCards.of(row.pk);
      }),
    removeAgentCard: (agentId, by) =>
      write(laneOf.agent(agentId), async ({ agents, agentCards, audit }) => {
        const row = await agents.lockedRow(agentId);
        const removed = row !== undefined && (await agentCards.removeOf(row.pk));
        if (removed) await audit.note({ act: "card_removed", by, about: row });
        return removed;
      }),
  };
}
