/** Rows of the audit log as an engine returns them, and the records the mesh gets. */
import { AuditAct, AuditBy } from "@agentmesh/protocol";
import type { AuditRecord } from "../../../mesh/store.ts";

/** An entry as stored. */
export interface AuditRow {
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

/** Columns of an entry. */
export const AUDIT_COLUMNS = `seq, at, act, by_kind, by_id, by_name, by_address, about_id, about_name, why`;

/** The record of an entry. */
export function auditRecord(row: AuditRow): AuditRecord {
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
