/** The act of removing an agent. */
import type { AgentId } from "@agentmesh/protocol";
import type { Bounce } from "../../mesh/store.ts";
import type { EngineContext } from "./context.ts";
import { endUnacked } from "./end.ts";
import type { Engine } from "./engine.ts";

/** Ends what is open in the agent's inbox as dead letters, its sessions and its token; returns how many died. */
export function removeAgent(
  engine: Engine,
  context: EngineContext,
  agentId: AgentId,
  bounce: Bounce | undefined,
): number {
  const { agents, sessions, deliveries } = engine;
  const row = agents.row(agentId);
  if (!row) return 0;
  const open = deliveries.openOf(row.pk);
  // First, so that what it has sent to itself leaves no notice in an inbox that nobody will open.
  agents.markRemoved(row.pk);
  for (const { pk } of open) {
    endUnacked(engine, context, pk, { state: "dead", event: "dead", reason: "recipient_gone", bounce });
  }
  engine.asks.giveUpOf(row.pk);
  sessions.removeAllOf(row.pk);
  engine.topics.removeAllOf(row.pk);
  engine.webhooks.remove(row.pk);
  return open.length;
}
