/** SQL of invites. */
import type { InviteId } from "@agentmesh/protocol";
import type { InviteRecord, InviteToMake } from "../../../mesh/store.ts";
import { INVITE_COLUMNS, type InviteRow, inviteOver, inviteRecord } from "../../shared/access/invites.ts";
import type { EngineContext } from "../context.ts";

/** The statements on invites. */
export function inviteStatements({ db, now }: EngineContext) {
  return {
    bySecret: (secretHash: string) =>
      db.get<InviteRow>(`SELECT ${INVITE_COLUMNS} FROM invite WHERE secret_hash = $1`, [secretHash]),
    /** The same, and nobody else uses it until this act ends. */
    held: (secretHash: string) =>
      db.get<InviteRow>(`SELECT ${INVITE_COLUMNS} FROM invite WHERE secret_hash = $1 FOR NO KEY UPDATE`, [secretHash]),
    open: async (limit: number): Promise<InviteRecord[]> =>
      (
        await db.all<InviteRow>(
          `SELECT ${INVITE_COLUMNS} FROM invite WHERE used_at IS NULL AND taken_back_at IS NULL AND expires_at > $1
           ORDER BY expires_at DESC, pk LIMIT $2`,
          [now, limit],
        )
      ).map(inviteRecord),
    countOpen: async (): Promise<number> =>
      (
        await db.get<{ n: number }>(
          `SELECT COUNT(*) AS n FROM invite WHERE used_at IS NULL AND taken_back_at IS NULL AND expires_at > $1`,
          [now],
        )
      )?.n ?? 0,
    insert: ({ id, secretHash, kind, names, forMs }: InviteToMake) =>
      db.run(`INSERT INTO invite (id, secret_hash, kind, names, made_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`, [
        id,
        secretHash,
        kind,
        names ?? null,
        now,
        now + forMs,
      ]),
    use: (pk: number, machinePk: number) =>
      db.run(`UPDATE invite SET used_at = $1, machine_pk = $2 WHERE pk = $3`, [now, machinePk, pk]),
    takeBack: async (id: InviteId): Promise<boolean> =>
      (await db.run(
        `UPDATE invite SET taken_back_at = $1
         WHERE id = $2 AND used_at IS NULL AND taken_back_at IS NULL AND expires_at > $1`,
        [now, id],
      )) > 0,
    /** Why nobody joins with it any more, and since when; undefined for one that can be used. */
    over: (row: InviteRow) => inviteOver(row, now),
    removeOver: (overMs: number, limit: number): Promise<number> =>
      db.run(`DELETE FROM invite WHERE pk IN (SELECT pk FROM invite WHERE expires_at <= $1 LIMIT $2)`, [
        ...[now - overMs, limit],
      ]),
  };
}
