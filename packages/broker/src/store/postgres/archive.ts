/** SQL of the archive: agents that have not been heard of for long, out of the way until they come back. */
import type { AgentId } from "@agentmesh/protocol";
import type { EngineContext } from "./context.ts";

/** An agent that goes into the archive. */
export interface QuietRow {
  readonly pk: number;
  readonly id: AgentId;
  readonly name: string;
}

/**
 * Who has given no sign of life since a time: no session, no call with its token, no webhook that works, no hook. Nobody whose
 * inbox holds a message for it: that is acked, or ends and tells its sender, first. What was published expires there.
 */
const QUIET = `
  SELECT a.pk, a.id, a.name FROM agent a
  WHERE a.removed_at IS NULL AND a.archived_at IS NULL AND COALESCE(a.last_seen_at, a.registered_at) <= $1
    AND NOT EXISTS (SELECT 1 FROM session s WHERE s.agent_pk = a.pk)
    AND NOT EXISTS (SELECT 1 FROM webhook w WHERE w.agent_pk = a.pk AND w.disabled = 0)
    AND NOT EXISTS (SELECT 1 FROM hook h WHERE h.agent_pk = a.pk)
    AND NOT EXISTS (SELECT 1 FROM delivery d JOIN message m ON m.pk = d.message_pk
                    WHERE d.agent_pk = a.pk AND d.ended_at IS NULL AND m.topic IS NULL)
  ORDER BY a.pk LIMIT $2 FOR NO KEY UPDATE OF a SKIP LOCKED`;

/** The statements on the archive. */
export function archiveStatements({ db, now, happened, notice }: EngineContext) {
  return {
    /** Agents that were quiet for so long, locked; who is held by another act gives a sign of life in it. */
    quiet: (quietMs: number, limit: number) => db.all<QuietRow>(QUIET, [now - quietMs, limit]),
    async archive({ pk, id, name }: QuietRow): Promise<void> {
      await db.run(`UPDATE agent SET archived_at = $1 WHERE pk = $2`, [now, pk]);
      notice("info", "agent.archived", { agentId: id, name });
      await happened(pk, "agent.archived", {});
    },
    /** Notes a sign of life of an agent, which has this name from now on. */
    noteLife: (pk: number, name: string) =>
      db.run(`UPDATE agent SET last_seen_at = $1, archived_at = NULL, name = $2 WHERE pk = $3`, [now, name, pk]),
  };
}
