/** SQL of hooks. */
import type { AgentId, HookId, HookKind } from "@agentmesh/protocol";
import type { HookRecord, HookToMake } from "../../../mesh/store.ts";
import type { EngineContext } from "../context.ts";

/** A hook with its agent, and who its posts are sent to. */
interface HookRow {
  readonly id: HookId;
  readonly kind: HookKind;
  readonly agent_id: AgentId;
  readonly agent_name: string;
  readonly topic: string | null;
  readonly recipient_id: AgentId | null;
  readonly recipient_name: string | null;
  readonly sealed: string;
  readonly made_at: number;
  readonly last_at: number | null;
}

const HOOK = `
  SELECT h.id, h.kind, a.id AS agent_id, a.name AS agent_name, h.topic, r.id AS recipient_id, r.name AS recipient_name,
    h.sealed, h.made_at, h.last_at
  FROM hook h JOIN agent a ON a.pk = h.agent_pk LEFT JOIN agent r ON r.pk = h.recipient_pk`;

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

  const recordOf = (row: HookRow): HookRecord => ({
    id: row.id,
    kind: row.kind,
    agent: { id: row.agent_id, name: row.agent_name },
    topic: row.topic ?? undefined,
    recipient:
      row.recipient_id === null || row.recipient_name === null
        ? undefined
        : { id: row.recipient_id, name: row.recipient_name },
    sealed: row.sealed,
    madeAt: row.made_at,
    quietMs: row.last_at === null ? undefined : Math.max(0, clock.now() - row.last_at),
    lastAt: row.last_at ?? undefined,
  });

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
