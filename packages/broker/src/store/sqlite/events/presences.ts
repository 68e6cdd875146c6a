/** SQL of presences as they were told: the truth is in the sessions, and what of it was told is on disk with the event. */
import type { Presence } from "@agentmesh/protocol";
import type { EngineContext } from "../context.ts";
import { type PresenceNews, PresencesTold } from "../memory/presences.ts";
import type { sessionStatements } from "../sessions.ts";

/** The statements on presences, over the sessions in memory. */
export function presenceStatements(
  { db, clock, happened, undo }: EngineContext,
  { memory }: ReturnType<typeof sessionStatements>,
) {
  const put = db.prepare<[number, Presence]>(
    `INSERT INTO presence (agent_pk, told) VALUES (?, ?) ON CONFLICT DO UPDATE SET told = excluded.told`,
  );
  const remove = db.prepare<[number]>(`DELETE FROM presence WHERE agent_pk = ?`);
  const selectAll = db.prepare<[], { agent_pk: number; told: "online" | "stale" }>(
    `SELECT agent_pk, told FROM presence`,
  );
  const told = new PresencesTold(undo, memory);
  for (const { agent_pk, told: presence } of selectAll.all()) told.load(agent_pk, presence);
  for (const { agentPk } of memory.all()) told.moved(agentPk);
  memory.onMove = (agentPk) => told.moved(agentPk);

  return {
    /** Up to `limit` that are to be told. */
    news: (staleAfterMs: number, limit: number) => told.news(clock.now(), staleAfterMs, limit),
    tell(news: PresenceNews): void {
      const { agentPk, presence } = news;
      const doubt = presence === "stale" ? (memory.newestOf(agentPk)?.session.doubt?.why ?? "no_heartbeat") : undefined;
      happened(agentPk, "agent.presence", { presence, ...(doubt && { why: doubt }) });
      if (presence === "offline") remove.run(agentPk);
      else put.run(agentPk, presence);
      told.tell(news);
    },
  };
}
