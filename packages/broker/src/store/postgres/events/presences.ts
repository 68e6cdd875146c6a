/** SQL of presences as they were told: the truth is in the sessions, and what of it was told is on disk with the event. */
import type { Presence } from "@agentmesh/protocol";
import type { DoubtWhy } from "../../../mesh/store.ts";
import type { EngineContext } from "../context.ts";

/** A presence that is to be told. */
export interface PresenceNews {
  readonly agent_pk: number;
  readonly presence: Presence;
  readonly doubted_why: DoubtWhy | null;
}

/** Agents whose newest session, or that they have none, says another presence than the one that was told. */
const NEWS = `
  SELECT q.agent_pk, q.presence, q.doubted_why
  FROM (
    SELECT COALESCE(s.agent_pk, p.agent_pk) AS agent_pk, p.told, s.doubted_why,
      CASE WHEN s.agent_pk IS NULL THEN 'offline' WHEN s.seen_at > $1 THEN 'online' ELSE 'stale' END AS presence
    FROM (SELECT DISTINCT ON (agent_pk) agent_pk, seen_at, doubted_why FROM session
          ORDER BY agent_pk, seen_at DESC, opened_at, id) s
    FULL JOIN presence p ON p.agent_pk = s.agent_pk
  ) q
  WHERE COALESCE(q.told, 'offline') <> q.presence ORDER BY q.agent_pk LIMIT $2`;

/** The statements on presences. */
export function presenceStatements({ db, now, happened }: EngineContext) {
  return {
    /** Up to `limit` that are to be told. */
    news: (staleAfterMs: number, limit: number) => db.all<PresenceNews>(NEWS, [now - staleAfterMs, limit]),
    async tell({ agent_pk: agentPk, presence, doubted_why }: PresenceNews): Promise<void> {
      const why = presence === "stale" ? (doubted_why ?? "no_heartbeat") : undefined;
      await happened(agentPk, "agent.presence", { presence, ...(why !== undefined && { why }) });
      if (presence === "offline") await db.run(`DELETE FROM presence WHERE agent_pk = $1`, [agentPk]);
      else
        await db.run(
          `INSERT INTO presence (agent_pk, told) VALUES ($1, $2) ON CONFLICT (agent_pk) DO UPDATE SET told = excluded.told`,
          [agentPk, presence],
        );
    },
  };
}
