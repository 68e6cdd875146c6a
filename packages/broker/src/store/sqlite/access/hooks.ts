/** SQL of hooks. */
import type { HookId } from "@agentmesh/protocol";
import type { HookRecord, HookToMake } from "../../../mesh/store.ts";
import { HOOK, type HookRow, hookRecord } from "../../shared/access/hooks.ts";
import type { EngineContext } from "../context.ts";

/** The statements on hooks. */
export function hookStatements({ db, clock }: EngineContext) {
  const insert = db.prepare<[string, string, number, string | null, number | null, string, number]>(
    `INSERT INTO hook (id, kind, agent_pk, topic, recipient_pk, sealed, made_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const selectOne = db.prepare<[string], HookRow>(`${HOOK} WHERE h.id = ?`);
  const selectOfAgent = db.prepare<[number], { one: number }>(`SELECT 1 AS one FROM hook WHERE agent_pk = ?`);
  const selectNewest = db.prepare<[number], HookRow>(`${HOOK} ORDER BY h.pk DESC LIMIT ?`);
  const count = db.prepare<[], { n: number }>(`SELECT COUNT(*) AS n FROM hook`);
  const note = db.prepare<[number, string]>(`UPDATE hook SET last_at = ? WHERE id = ?`);
  const remove = db.prepare<[number]>(`DELETE FROM hook WHERE agent_pk = ?`);

  const recordOf = (row: HookRow): HookRecord => hookRecord(row, clock.now());

  return {
    insert: ({ id, kind, target, sealed }: HookToMake, agentPk: number, recipientPk: number | null) =>
      insert.run(id, kind, agentPk, target.topic ?? null, recipientPk, sealed, clock.now()),
    one(id: HookId): HookRecord | undefined {
      const row = selectOne.get(id);
      return row && recordOf(row);
    },
    isOf: (agentPk: number): boolean => selectOfAgent.get(agentPk) !== undefined,
    newest: (limit: number): HookRecord[] => selectNewest.all(limit).map(recordOf),
    count: (): number => count.get()?.n ?? 0,
    note: (id: HookId) => note.run(clock.now(), id),
    /** With its agent. */
    removeOf: (agentPk: number) => remove.run(agentPk),
  };
}
