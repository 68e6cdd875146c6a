/** SQL of events: what happens beside the deliveries, which have the timeline; bounded, the oldest go first. */
import { MAX_KEPT_EVENTS } from "@agentmesh/protocol";
import type { EngineContext } from "../context.ts";

/** Behind the newest entry of the timeline, by the name that the agent has now. */
const NOTE = `
  INSERT INTO event (behind_pk, at, agent_pk, name, type, facts)
  SELECT IFNULL((SELECT seq FROM sqlite_sequence WHERE name = 'timeline'), 0), :at, a.pk, a.name, :type, :facts
  FROM agent a WHERE a.pk = :agent AND a.removed_at IS NULL`;

/** The oldest events, in their order. */
export const OLDEST_EVENTS = `SELECT pk, at FROM event ORDER BY pk LIMIT ?`;

interface Oldest {
  readonly pk: number;
  readonly at: number;
}

/** The statements on events; `happened` is told of each that is noted. */
export function eventStatements({ db, clock }: EngineContext, happened: () => void) {
  const insert = db.prepare<[{ at: number; type: string; facts: string; agent: number }]>(NOTE);
  const selectLast = db.prepare<[], { pk: number }>(`SELECT seq AS pk FROM sqlite_sequence WHERE name = 'event'`);
  const selectFirst = db.prepare<[], { pk: number }>(`SELECT pk FROM event ORDER BY pk LIMIT 1`);
  const selectOldest = db.prepare<[number], Oldest>(OLDEST_EVENTS);
  const dropUntil = db.prepare<[number]>(`DELETE FROM event WHERE pk <= ?`);
  const last = () => selectLast.get()?.pk ?? 0;

  const note: EngineContext["happened"] = (agent, type, facts) => {
    if (insert.run({ agent, type, facts: JSON.stringify(facts), at: clock.now() }).changes > 0) happened();
  };

  return {
    note,
    /** The place of the newest event, also of one that was pruned. */
    last,
    /** The place of the newest event that was pruned: the oldest go first, and there is no gap. */
    forgotten: () => (selectFirst.get()?.pk ?? last() + 1) - 1,
    /** Prunes up to `limit` of the oldest that are older than this, or more than are kept; returns how many. */
    prune(keptMs: number, limit: number): number {
      const before = clock.now() - keptMs;
      const most = last() - MAX_KEPT_EVENTS;
      const oldest = selectOldest.all(limit);
      const kept = oldest.findIndex(({ pk, at }) => pk > most && at > before);
      const over = kept === -1 ? oldest.length : kept;
      const until = oldest[over - 1]?.pk;
      if (until !== undefined) dropUntil.run(until);
      return over;
    },
  };
}
