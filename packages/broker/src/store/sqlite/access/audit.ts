/** SQL of the audit log. */
import type { AuditNote, AuditRecord } from "../../../mesh/store.ts";
import { AUDIT_COLUMNS, type AuditRow, auditRecord } from "../../shared/access/audit.ts";
import type { EngineContext } from "../context.ts";

type Texts = readonly (string | null)[];

/** The statements on the audit log. */
export function auditStatements({ db, clock, audited }: EngineContext) {
  const insert = db.prepare<[number, ...Texts]>(
    `INSERT INTO audit (at, act, by_kind, by_id, by_name, by_address, about_id, about_name, why)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const selectAfter = db.prepare<[number, number], AuditRow>(
    `SELECT ${AUDIT_COLUMNS} FROM audit WHERE seq > ? ORDER BY seq LIMIT ?`,
  );
  const selectNewest = db.prepare<[number], AuditRow>(`SELECT ${AUDIT_COLUMNS} FROM audit ORDER BY seq DESC LIMIT ?`);
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
      (after === undefined ? selectNewest.all(limit).reverse() : selectAfter.all(after, limit)).map(auditRecord),
    /** Removes up to `limit` of those before the newest `most`; returns how many. */
    removeBefore: (most: number, limit: number): number => removeOld.run(most, limit).changes,
  };
}
