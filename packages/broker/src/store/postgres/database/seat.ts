/**
 * The seat of a broker at a database, for as long as it has it open: whoever sits down alone knows that what is leased there is
 * held by nobody any more. It is a lock of a connection of its own; who is killed has left.
 */
import type { Connection, Database } from "../driver/database.ts";

/** Which of all advisory locks of a database the brokers of a mesh sit on. */
const LOCK = 2_026_113_002;

/** A broker's seat. */
export interface Seat {
  /** No other broker has the database open, and none gets a seat before this one has settled. */
  readonly isFirst: boolean;
  settle(): Promise<void>;
  leave(): Promise<void>;
}

/** Sits down; behind a first one that has not settled. */
export async function takeSeat(db: Database): Promise<Seat> {
  const seated = Promise.withResolvers<{ readonly connection: Connection; readonly isFirst: boolean }>();
  const { promise: left, resolve: go } = Promise.withResolvers<void>();
  const sitting = db.use(async (connection) => {
    const first = await connection.get<{ taken: boolean }>(`SELECT pg_try_advisory_lock($1) AS taken`, [LOCK]);
    const isFirst = first?.taken === true;
    if (!isFirst) await connection.script(`SELECT pg_advisory_lock_shared(${LOCK})`);
    seated.resolve({ connection, isFirst });
    await left;
    // Its connection may have broken before; then it has left already.
    await connection.script("SELECT pg_advisory_unlock_all()").catch(() => {});
  });
  sitting.catch(seated.reject);
  const { connection, isFirst } = await seated.promise;
  return {
    isFirst,
    settle: async () => {
      if (!isFirst) return;
      // A connection that broke meanwhile keeps nobody waiting.
      await connection.script(`SELECT pg_advisory_lock_shared(${LOCK}), pg_advisory_unlock(${LOCK})`).catch(() => {});
    },
    leave: async () => {
      go();
      await sitting;
    },
  };
}
