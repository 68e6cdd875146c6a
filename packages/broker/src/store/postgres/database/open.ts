/** Opens a database for a mesh: settings looked at, migrated, its identity made once. */
import { v7 } from "uuid";
import type { Database, DatabaseAddress } from "../driver/database.ts";
import { nodePostgres } from "../driver/node-postgres.ts";
import { migrate } from "./migrate.ts";
import { refuseMoved } from "./moved.ts";
import { type Seat, type SeatTimes, takeSeat } from "./seat.ts";
import { checkSettings } from "./settings.ts";
import { shownAddress } from "./shown-address.ts";

/** An open database and what identifies it. */
export interface OpenPostgres {
  readonly db: Database;
  readonly instanceId: string;
  readonly epoch: string;
  readonly seat: Seat;
  /** The schema that it had, and has now. */
  readonly schema: { readonly from: number; readonly to: number };
}

/** Connections that a broker has at most. */
const CONNECTIONS = 10;

/** How long it waits for one, in milliseconds. */
const CONNECT_MS = 5_000;

/** How to open one. */
export interface OpenTerms extends Partial<DatabaseAddress> {
  readonly url: string;
  /** Opens also what its mesh was moved away from. */
  readonly mayBeLeft?: boolean;
  /** Who sits down; the same for the next process of a broker of which there is one at a time. */
  readonly owner?: string;
  readonly times?: SeatTimes;
}

/** Opens, checks and migrates. @throws UnsafeDatabaseError, NewerSchemaError, MovedAwayError */
export async function openPostgres({
  mayBeLeft = false,
  owner = v7(),
  times,
  ...address
}: OpenTerms): Promise<OpenPostgres> {
  const terms = { connections: CONNECTIONS, connectMs: CONNECT_MS, onLost: () => {}, ...address };
  const db = await nodePostgres({ ...terms, owner });
  try {
    const known = await db.use(async (connection) => {
      await checkSettings(connection);
      const schema = await migrate(connection);
      if (!mayBeLeft) await refuseMoved(connection, shownAddress(address.url));
      await connection.run(
        "INSERT INTO mesh (one, instance_id, epoch) VALUES (1, $1, $2) ON CONFLICT (one) DO NOTHING",
        [v7(), v7().replaceAll("-", "").slice(-12)],
      );
      const mesh = await connection.get<{ instance_id: string; epoch: string }>(
        "SELECT instance_id, epoch FROM mesh WHERE one = 1",
      );
      if (!mesh) throw new Error("the database does not keep what it is");
      return { instanceId: mesh.instance_id, epoch: mesh.epoch, schema };
    });
    const seat = await takeSeat({ ...terms, owner, times });
    const close = async () => {
      await seat.leave();
      await db.close();
    };
    return { ...known, seat, db: { use: db.use, close } };
  } catch (error) {
    await db.close();
    throw error;
  }
}
