/** SQL of invites. */
import type { InviteId, InviteKind } from "@agentmesh/protocol";
import type { InviteOver, InviteRecord, InviteToMake } from "../../../mesh/store.ts";
import type { EngineContext } from "../context.ts";

/** An invite as stored. */
export interface InviteRow {
  readonly pk: number;
  readonly id: InviteId;
  readonly kind: InviteKind;
  readonly names: string | null;
  readonly made_at: number;
  readonly expires_at: number;
  readonly machine_pk: number | null;
  readonly used_at: number | null;
  readonly taken_back_at: number | null;
}

const COLUMNS = `pk, id, kind, names, made_at, expires_at, machine_pk, used_at, taken_back_at`;

/** The statements on invites. */
export function inviteStatements({ db, clock }: EngineContext) {
  const insert = db.prepare<[string, string, string, string | null, number, number]>(
    `INSERT INTO invite (id, secret_hash, kind, names, made_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const selectBySecret = db.prepare<[string], InviteRow>(`SELECT ${COLUMNS} FROM invite WHERE secret_hash = ?`);
  const selectOpen = db.prepare<[number, number], InviteRow>(
    `SELECT ${COLUMNS} FROM invite WHERE used_at IS NULL AND taken_back_at IS NULL AND expires_at > ?
     ORDER BY expires_at DESC LIMIT ?`,
  );
  const countOpen = db.prepare<[number], { n: number }>(
    `SELECT COUNT(*) AS n FROM invite WHERE used_at IS NULL AND taken_back_at IS NULL AND expires_at > ?`,
  );
  const use = db.prepare<[number, number, number]>(`UPDATE invite SET used_at = ?, machine_pk = ? WHERE pk = ?`);
  const takeBack = db.prepare<[number, string, number]>(
    `UPDATE invite SET taken_back_at = ? WHERE id = ? AND used_at IS NULL AND taken_back_at IS NULL AND expires_at > ?`,
  );
  const removeOver = db.prepare<[number, number]>(
    `DELETE FROM invite WHERE pk IN (SELECT pk FROM invite WHERE expires_at <= ? LIMIT ?)`,
  );

  return {
    bySecret: (secretHash: string) => selectBySecret.get(secretHash),
    open: (limit: number): InviteRecord[] => selectOpen.all(clock.now(), limit).map(inviteRecord),
    countOpen: (): number => countOpen.get(clock.now())?.n ?? 0,
    insert: ({ id, secretHash, kind, names, forMs }: InviteToMake) =>
      insert.run(id, secretHash, kind, names ?? null, clock.now(), clock.now() + forMs),
    use: (pk: number, machinePk: number) => use.run(clock.now(), machinePk, pk),
    takeBack: (id: InviteId): boolean => takeBack.run(clock.now(), id, clock.now()).changes > 0,
    /** Why nobody joins with it any more, and since when; undefined for one that can be used. */
    over(row: InviteRow): { readonly why: InviteOver; readonly at: number } | undefined {
      if (row.used_at !== null) return { why: "used", at: row.used_at };
      if (row.taken_back_at !== null) return { why: "taken_back", at: row.taken_back_at };
      return row.expires_at <= clock.now() ? { why: "expired", at: row.expires_at } : undefined;
    },
    removeOver: (overMs: number, limit: number): number => removeOver.run(clock.now() - overMs, limit).changes,
  };
}

/** The record of an invite. */
export function inviteRecord({ id, kind, names, made_at, expires_at }: InviteRow): InviteRecord {
  return { id, kind, names: names ?? undefined, madeAt: made_at, expiresAt: expires_at };
}
