/** SQL of webhooks beside streams at other brokers. */
import type { AgentId } from "@agentmesh/protocol";
import type { Statements } from "../driver/database.ts";

/** Agents with a webhook, and a stream at another broker that lives and is read. */
export async function streamedElsewhere(db: Statements, broker: string): Promise<ReadonlySet<AgentId>> {
  const rows = await db.all<{ id: AgentId }>(
    `SELECT DISTINCT a.id FROM webhook w JOIN agent a ON a.pk = w.agent_pk JOIN session s ON s.agent_pk = w.agent_pk
     WHERE s.broker <> $1 AND s.left_at IS NULL AND s.silent = 0`,
    [broker],
  );
  return new Set(rows.map(({ id }) => id));
}
