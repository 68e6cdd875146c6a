/** SQL of the audit log. */
import { AuditAct, AuditBy } from "@agentmesh/protocol";
import type { AuditNote, AuditRecord } from "../../../mesh/store.ts";
import type { EngineContext } from "../context.ts";

interface AuditRow {
  readonly seq: number;
  readonly at: number;
  readonly act: string;
  readonly by_kind: string;
  readonly by_id: string | null;
  readonly by_name: string | null;
  readonly by_address: string | null;
  readonly about_id: string | null;
  readonly about_name: string | null;
  readonly why: string | null;
}

type Texts = readonly (string | null)[];

const COLUMNS = `seq, at, act, by_kind, by_id, by_name, by_address, about_id, about_name, why`;

/** The statements on the audit log. */
export function auditStatements({ db, clock, audited }: EngineContext) {
  const insert = db.prepare<[number, ...Texts]>(
    `INSERT INTO audit (at, act, by_kind, by_id, by_name, by_address, about_id, about_name, why)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const selectAfter = db.prepare<[number, number], AuditRow>(
    `SELECT ${COLUMNS} FROM audit WHERE seq > ? ORDER BY seq LIMIT ?`,
  );
  const selectNewest = db.prepare<[number], AuditRow>(`SELECT ${COLUMNS} FROM audit ORDER BY seq DESC LIMIT ?`);
  const removeOld = db.prepare<[number, number]>(
    `DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE seq <= (SELECT MAX(seq) FROM audit) - ? ORDER BY seq LIMIT ?)`,
  );

  return {
    note({ act, by, about, why }: AuditNote): void {
      const { kind, id = null, name = null, address = null } = by;
      insert.run(clock.now(), act, kind, id, name, address, about?.id ?? null, about?.name ?? null, why ?? null);
      audited();
    },
    /** Behind a number, or the newest; in their order. */
    list: (after: number | undefined, limit: number): AuditRecord[] =>
      (after === undefined ? selectNewest.all(limit).reverse() : selectAfter.all(after, limit)).map(recordOf),
    /** Removes up to `limit` of those before the newest `most`; returns how many. */
    removeBefore: (most: number, limit: number): number => removeOld.run(most, limit).changes,
  };
}

function recordOf(row: AuditRow): AuditRecord {
  const set = <K extends string>(key: K, value: string | null) => value !== null && { [key]: value };
  return {
    seq: row.seq,
    at: row.at,
    act: AuditAct.parse(row.act),
    by: AuditBy.parse({
      ...{ kind: row.by_kind, ...set("id", row.by_id), ...set("name", row.by_name) },
      ...set("address", row.by_address),
    }),
    ...((row.about_id !== null || row.about_name !== null) && {
      about: { id: row.about_id ?? undefined, name: row.about_name ?? undefined },
    }),
    why: row.why ?? undefined,
  };
}
