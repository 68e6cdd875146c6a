/** SQL of brokers: whose seat has ended, and the sessions whose streams it had. */
import type { SessionId } from "@agentmesh/protocol";
import type { EngineContext } from "./context.ts";

/** A session whose broker is gone. */
export interface LeftSession {
  readonly id: SessionId;
  readonly agent_pk: number;
}

/** The statements on brokers. */
export function brokerStatements({ db, now, seat }: EngineContext) {
  return {
    /** This one is there alone: what others had is nobody's. */
    async forgetOthers(): Promise<void> {
      await db.run(`DELETE FROM broker WHERE id <> $1`, [seat.id]);
      await db.run(`UPDATE session SET broker = NULL, left_at = NULL WHERE broker IS NOT NULL`);
    },
    /** Ends the seats that are not renewed any more, and those of this broker's earlier processes; returns their names. */
    endSeats: async (): Promise<string[]> =>
      (
        await db.all<{ id: string }>(
          `DELETE FROM broker WHERE id <> $1
             AND (renewed_at < clock_timestamp() - $3 * INTERVAL '1 millisecond' OR owner = $2)
           RETURNING id`,
          [seat.id, seat.owner, seat.endsMs],
        )
      ).map(({ id }) => id),
    /** Their sessions may come back to another broker; until then they count as not heard of for so long. */
    leave: (brokers: readonly string[], ageMs: number) =>
      db.run(
        `UPDATE session SET left_at = $1, seen_at = LEAST(seen_at, $2), doubted_at = COALESCE(doubted_at, $1),
           doubted_why = COALESCE(doubted_why, 'stream_closed')
         WHERE broker = ANY ($3::TEXT[]) AND left_at IS NULL`,
        [now, now - ageMs, brokers],
      ),
    /** Some that did not come back within their grace. */
    left: (graceMs: number, limit: number) =>
      db.all<LeftSession>(`SELECT id, agent_pk FROM session WHERE left_at <= $1 ORDER BY left_at, id LIMIT $2`, [
        ...[now - graceMs, limit],
      ]),
    /** Those of them that are still away, held until this act ends. */
    stillLeft: async (ids: readonly string[]): Promise<SessionId[]> =>
      (
        await db.all<{ id: SessionId }>(
          `SELECT id FROM session WHERE id = ANY ($1::TEXT[]) AND left_at IS NOT NULL ORDER BY id FOR NO KEY UPDATE`,
          [ids],
        )
      ).map(({ id }) => id),
    /** Nothing is owed to their streams any more. */
    forget: (ids: readonly string[]) =>
      db.run(`UPDATE session SET broker = NULL, left_at = NULL WHERE id = ANY ($1::TEXT[])`, [ids]),
    /** A session has its stream here from now on. */
    streams: (id: SessionId) => db.run(`UPDATE session SET broker = $1, left_at = NULL WHERE id = $2`, [seat.id, id]),
    /** Whether another broker, which lives, has the stream of a session. */
    hasElsewhere: async (id: SessionId): Promise<boolean> =>
      (await db.get(`SELECT 1 AS one FROM session WHERE id = $1 AND broker <> $2 AND left_at IS NULL`, [
        ...[id, seat.id],
      ])) !== undefined,
  };
}
