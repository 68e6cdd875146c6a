/** SQL of events that go: they are bounded, the oldest first. */
import { MAX_KEPT_EVENTS } from "@agentmesh/protocol";
import type { EngineContext } from "../context.ts";

/** The statements. */
export function eventPruneStatements({ db, now, numbers }: EngineContext) {
  return {
    /** Prunes up to `limit` of the oldest that are older than this, or more than are kept; returns how many. */
    async prune(keptMs: number, limit: number): Promise<number> {
      const most = (await numbers.last()).event - MAX_KEPT_EVENTS;
      const oldest = await db.all<{ pk: number; at: number }>(`SELECT pk, at FROM event ORDER BY pk LIMIT $1`, [limit]);
      const kept = oldest.findIndex(({ pk, at }) => pk > most && at > now - keptMs);
      const over = kept === -1 ? oldest.length : kept;
      const until = oldest[over - 1]?.pk;
      if (until !== undefined) await db.run(`DELETE FROM event WHERE pk <= $1`, [until]);
      return over;
    },
  };
}
