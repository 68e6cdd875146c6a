/** SQL of invites. */
import type { InviteId } from "@agentmesh/protocol";
import type { InviteRecord, InviteToMake } from "../../../mesh/store.ts";
import { INVITE_COLUMNS, type InviteRow, inviteOver, inviteRecord } from "../../shared/access/invites.ts";
import type { EngineContext } from "../context.ts";

/** The statements on invites. */
export function inviteStatements({ db, clock }: EngineContext) {
  const insert = db.prepare<[string, string, string, string | null, number, number]>(
    `INSERT INTO invite (id, secret_hash, kind, names, made_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const selectBySecret = db.prepare<[string], InviteRow>(`SELECT ${INVITE_COLUMNS} FROM invite WHERE secret_hash = ?`);
  const selectOpen = db.prepare<[number, number], InviteRow>(
    `SELECT ${INVITE_COLUMNS} FROM invite WHERE used_at IS NULL AND taken_back_at IS NULL AND expires_at > ?
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
    over: (row: InviteRow) => inviteOver(row, clock.now()),
    removeOver: (overMs: number, limit: number): number => removeOver.run(clock.now() - overMs, limit).changes,
  };
}
