/** SQL of hooks. */
import type { HookId } from "@agentmesh/protocol";
import type { HookRecord, HookToMake } from "../../../mesh/store.ts";
import { HOOK, type HookRow, hookRecord } from "../../shared/access/hooks.ts";
import type { EngineContext } from "../context.ts";

/** The statements on hooks. */
export function hookStatements({ db, now }: EngineContext) {
  return {
    insert: ({ id, kind, target, sealed }: HookToMake, agentPk: number, recipientPk: number | null) =>
      db.run(
        `INSERT INTO hook (id, kind, agent_pk, topic, recipient_pk, sealed, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [id, kind, agentPk, target.topic ?? null, recipientPk, sealed, now],
      ),
    async one(id: HookId): Promise<HookRecord | undefined> {
      const row = await db.get<HookRow>(`${HOOK} WHERE h.id = $1`, [id]);
      return row && hookRecord(row, now);
    },
    isOf: async (agentPk: number): Promise<boolean> =>
      (await db.get(`SELECT 1 AS one FROM hook WHERE agent_pk = $1`, [agentPk])) !== undefined,
    newest: async (limit: number): Promise<HookRecord[]> =>
      (await db.all<HookRow>(`${HOOK} ORDER BY h.pk DESC LIMIT $1`, [limit])).map((row) => hookRecord(row, now)),
    count: async (): Promise<number> => (await db.get<{ n: number }>(`SELECT COUNT(*) AS n FROM hook`))?.n ?? 0,
    note: (id: HookId) => db.run(`UPDATE hook SET last_at = $1 WHERE id = $2`, [now, id]),
    /** With its agent. */
    removeOf: (agentPk: number) => db.run(`DELETE FROM hook WHERE agent_pk = $1`, [agentPk]),
  };
}
