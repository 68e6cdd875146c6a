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
export const QUIET = `
  SELECT a.pk, a.id, a.name FROM agent a
  WHERE a.removed_at IS NULL AND a.archived_at IS NULL AND COALESCE(a.last_seen_at, a.registered_at) <= ?
    AND NOT EXISTS (SELECT 1 FROM session s WHERE s.agent_pk = a.pk)
    AND NOT EXISTS (SELECT 1 FROM webhook w WHERE w.agent_pk = a.pk AND w.disabled = 0)
    AND NOT EXISTS (SELECT 1 FROM hook h WHERE h.agent_pk = a.pk)
    AND NOT EXISTS (SELECT 1 FROM delivery d JOIN message m ON m.pk = d.message_pk
                    WHERE d.agent_pk = a.pk AND d.ended_at IS NULL AND m.topic IS NULL)
  LIMIT ?`;

/** The statements on the archive. */
export function archiveStatements({ db, clock, callers, happened, notice }: EngineContext) {
  const selectQuiet = db.prepare<[number, number], QuietRow>(QUIET);
  const archive = db.prepare<[number, number]>(`UPDATE agent SET archived_at = ? WHERE pk = ?`);
  const seen = db.prepare<[number, string, number]>(
    `UPDATE agent SET last_seen_at = ?, archived_at = NULL, name = ? WHERE pk = ?`,
  );

  return {
    /** Whether somebody is to be archived. */
    isDue: (quietMs: number): boolean => selectQuiet.get(clock.now() - quietMs, 1) !== undefined,
    /** Agents that were quiet for so long. */
    quiet: (quietMs: number, limit: number) => selectQuiet.all(clock.now() - quietMs, limit),
    archive({ pk, id, name }: QuietRow): void {
      callers.forget(pk);
      archive.run(clock.now(), pk);
      notice("info", "agent.archived", { agentId: id, name });
      happened(pk, "agent.archived", {});
    },
    /** Notes a sign of life of an agent, which has this name from now on. */
    noteLife(pk: number, name: string): void {
      callers.forget(pk);
      seen.run(clock.now(), name, pk);
    },
  };
}
