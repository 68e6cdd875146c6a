/** SQL of looks at all agents: how many there are, who they are and who has a session, a page at a time. */
import { DeliveryState, type SessionId } from "@agentmesh/protocol";
import * as z from "zod";
import type { AgentRecord, StoreStats } from "../../../mesh/store.ts";
import { type AgentRow, agentRecord } from "../../shared/rows/agents.ts";
import { AGENT } from "../agents.ts";
import type { EngineContext } from "../context.ts";
import type { SessionInMemory, SessionsInMemory } from "../memory/sessions.ts";

/** The looks, each along an index from a place on. */
export const AGENT_PAGES = {
  present: `${AGENT} WHERE a.removed_at IS NULL AND a.archived_at IS NULL AND a.name > :name
    ORDER BY a.name LIMIT :limit`,
  archived: `${AGENT} WHERE a.removed_at IS NULL AND a.archived_at IS NOT NULL AND (a.name, a.id) > (:name, :id)
    ORDER BY a.name, a.id LIMIT :limit`,
  oldest: `${AGENT} WHERE a.removed_at IS NULL AND a.archived_at IS NULL AND (a.registered_at, a.id) > (:at, :id)
    ORDER BY a.registered_at, a.id LIMIT :limit`,
  named: `${AGENT} WHERE a.name IN (SELECT value FROM json_each(:names)) AND a.removed_at IS NULL AND a.archived_at IS NULL`,
  asking: `${AGENT} WHERE a.asked_name = :name AND a.asked_name IS NOT NULL AND a.removed_at IS NULL AND a.archived_at IS NULL
    ORDER BY a.name LIMIT :limit`,
  // By id: a heartbeat moves a session in every other order, and it would be missed or seen twice.
  sessions: `SELECT id FROM session WHERE id > :after ORDER BY id LIMIT :limit`,
} as const;

const Tally = z.record(z.enum([...DeliveryState.options, "present", "archived"]), z.int());

/** The statements on all agents. */
export function agentPageStatements({ db, clock }: EngineContext, memory: SessionsInMemory) {
  const selectTally = db.prepare<[], { what: string; n: number }>(`SELECT what, n FROM tally`);
  const selectSessions = db.prepare<[{ after: string; limit: number }], { id: SessionId }>(AGENT_PAGES.sessions);

  const selectPresent = db.prepare<[{ name: string; limit: number }], AgentRow>(AGENT_PAGES.present);
  const selectArchived = db.prepare<[{ name: string; id: string; limit: number }], AgentRow>(AGENT_PAGES.archived);
  const selectOldest = db.prepare<[{ at: number; id: string; limit: number }], AgentRow>(AGENT_PAGES.oldest);
  const selectNamed = db.prepare<[{ names: string }], AgentRow>(AGENT_PAGES.named);
  const selectAsking = db.prepare<[{ name: string; limit: number }], AgentRow>(AGENT_PAGES.asking);
  const records = (rows: AgentRow[]): AgentRecord[] =>
    rows.map((row) => agentRecord(row, memory.newestOf(row.pk), clock.now()));

  return {
    presentByName: (name: string, limit: number) => records(selectPresent.all({ name, limit })),
    archivedByName: (name: string, id: string, limit: number) => records(selectArchived.all({ name, id, limit })),
    byAge: (at: number, id: string, limit: number) => records(selectOldest.all({ at, id, limit })),
    /** Those of one of these names, and up to `limit` that asked for the first and were given another. */
    namesakes(names: readonly string[], limit: number): AgentRecord[] {
      const named = selectNamed.all({ names: JSON.stringify(names) });
      const asking = selectAsking.all({ name: names[0] ?? "", limit });
      return records([...named, ...asking.filter(({ pk }) => named.every((other) => other.pk !== pk))]);
    },
    /** How many deliveries there are in each state, and how many agents. */
    tally(): Omit<StoreStats, "bytes"> {
      const { present, archived, ...deliveries } = Tally.parse(
        Object.fromEntries(selectTally.all().map(({ what, n }) => [what, n])),
      );
      return { deliveries, agents: { present, archived } };
    },
    sessions: (after: string, limit: number): SessionInMemory[] =>
      selectSessions.all({ after, limit }).flatMap(({ id }) => memory.get(id) ?? []),
  };
}
