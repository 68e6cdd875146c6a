/** SQL of looks at all agents: how many there are, who they are and who has a session, a page at a time. */
import type { DeliveryState } from "@agentmesh/protocol";
import type { AgentRecord, StoreStats } from "../../../mesh/store.ts";
import { agentRecord } from "../../shared/rows/agents.ts";
import { AGENT, type SeenRow } from "../agents.ts";
import type { EngineContext } from "../context.ts";
import { newestSigns } from "../rows/signs.ts";

/** The looks, each along an index from a place on. */
const AGENT_PAGES = {
  present: `${AGENT} WHERE a.removed_at IS NULL AND a.archived_at IS NULL AND a.name > $1 ORDER BY a.name LIMIT $2`,
  archived: `${AGENT} WHERE a.removed_at IS NULL AND a.archived_at IS NOT NULL AND (a.name, a.id) > ($1, $2)
    ORDER BY a.name, a.id LIMIT $3`,
  oldest: `${AGENT} WHERE a.removed_at IS NULL AND a.archived_at IS NULL AND (a.registered_at, a.id) > ($1, $2)
    ORDER BY a.registered_at, a.id LIMIT $3`,
  named: `${AGENT} WHERE a.name = ANY ($1::TEXT[]) AND a.removed_at IS NULL AND a.archived_at IS NULL`,
  asking: `${AGENT} WHERE a.asked_name = $1 AND a.asked_name IS NOT NULL AND a.removed_at IS NULL AND a.archived_at IS NULL
    ORDER BY a.name LIMIT $2`,
} as const;

/** The statements on all agents. */
export function agentPageStatements({ db, now }: EngineContext) {
  const records = (rows: readonly SeenRow[]): AgentRecord[] =>
    rows.map((row) => agentRecord(row, newestSigns(row.newest), now));

  return {
    presentByName: async (name: string, limit: number) =>
      records(await db.all<SeenRow>(AGENT_PAGES.present, [name, limit])),
    archivedByName: async (name: string, id: string, limit: number) =>
      records(await db.all<SeenRow>(AGENT_PAGES.archived, [name, id, limit])),
    byAge: async (at: number, id: string, limit: number) =>
      records(await db.all<SeenRow>(AGENT_PAGES.oldest, [at, id, limit])),
    /** Those of one of these names, and up to `limit` that asked for the first and were given another. */
    async namesakes(names: readonly string[], limit: number): Promise<AgentRecord[]> {
      const named = await db.all<SeenRow>(AGENT_PAGES.named, [names]);
      const asking = await db.all<SeenRow>(AGENT_PAGES.asking, [names[0] ?? "", limit]);
      return records([...named, ...asking.filter(({ pk }) => named.every((other) => other.pk !== pk))]);
    },
    /** How many deliveries there are in each state. */
    async deliveries(): Promise<StoreStats["deliveries"]> {
      const rows = await db.all<{ state: DeliveryState; n: number }>(
        `SELECT state, COUNT(*) AS n FROM delivery GROUP BY state`,
      );
      const of = (state: DeliveryState) => rows.find((row) => row.state === state)?.n ?? 0;
      return {
        ...{ queued: of("queued"), leased: of("leased"), acked: of("acked"), dead: of("dead") },
        ...{ expired: of("expired"), cancelled: of("cancelled"), held: of("held"), refused: of("refused") },
      };
    },
    /** How many agents there are. */
    agents: async (): Promise<StoreStats["agents"]> =>
      (await db.get<StoreStats["agents"]>(
        `SELECT COUNT(*) FILTER (WHERE archived_at IS NULL) AS present,
           COUNT(*) FILTER (WHERE archived_at IS NOT NULL) AS archived
         FROM agent WHERE removed_at IS NULL`,
      )) ?? { present: 0, archived: 0 },
    bytes: async (): Promise<number> =>
      (await db.get<{ bytes: number }>(`SELECT pg_database_size(current_database()) AS bytes`))?.bytes ?? 0,
  };
}
