/** The act of removing an agent. */
import type { AgentId } from "@agentmesh/protocol";
import type { Engine } from "./engine.ts";

/** Ends what is open in the agent's inbox as dead letters, its sessions and its token; returns how many died. */
export function removeAgent({ agents, sessions, deliveries, timeline }: Engine, agentId: AgentId): number {
  const row = agents.row(agentId);
  if (!row) return 0;
  const open = deliveries.openOf(row.pk);
  for (const { pk, attempt } of open) {
    deliveries.markEnded(pk, "dead", "recipient_gone");
    timeline.note(pk, "dead", { attempt, reason: "recipient_gone" });
  }
  sessions.removeAllOf(row.pk);
  agents.markRemoved(row.pk);
  return open.length;
}
