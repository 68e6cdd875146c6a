/** SQL of the audit log. */
import type { AuditNote, AuditRecord } from "../../../mesh/store.ts";
import { AUDIT_COLUMNS, type AuditRow, auditRecord } from "../../shared/access/audit.ts";
import type { EngineContext } from "../context.ts";

/** The statements on the audit log. */
export function auditStatements({ db, now, numbers, hints }: EngineContext) {
  const after = (seq: number, limit: number) =>
    db.all<AuditRow>(`SELECT ${AUDIT_COLUMNS} FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2`, [seq, limit]);
  const newest = async (limit: number) =>
    (await db.all<AuditRow>(`SELECT ${AUDIT_COLUMNS} FROM audit ORDER BY seq DESC LIMIT $1`, [limit])).reverse();

  return {
    async note({ act, by, about, why }: AuditNote): Promise<void> {
      const { kind, id = null, name = null, address = null } = by;
      const seq = await numbers.next("audit");
      await db.run(`INSERT INTO audit (${AUDIT_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, [
        seq,
        now,
        act,
        kind,
        id,
        name,
        address,
        about?.id ?? null,
        about?.name ?? null,
        why ?? null,
      ]);
      hints.audited();
    },
    /** Behind a number, or the newest; in their order. */
    list: async (behind: number | undefined, limit: number): Promise<AuditRecord[]> =>
      (behind === undefined ? await newest(limit) : await after(behind, limit)).map(auditRecord),
    /** Removes up to `limit` of those before the newest `most`; returns how many. */
    removeBefore: (most: number, limit: number): Promise<number> =>
      db.run(
        `DELETE FROM audit WHERE seq IN
           (SELECT seq FROM audit WHERE seq <= (SELECT MAX(seq) FROM audit) - $1 ORDER BY seq LIMIT $2)`,
        [most, limit],
      ),
  };
}
