/** A database of Postgres, as an end of a move. */
import { join } from "node:path";
import { hashOfKey, knownKey, setKey } from "../store/postgres/database/mesh-key.ts";
import { movedFrom, note } from "../store/postgres/database/moved.ts";
import { openPostgres } from "../store/postgres/database/open.ts";
import { shownAddress } from "../store/postgres/database/shown-address.ts";
import type { Connection, Database } from "../store/postgres/driver/database.ts";
import { nodePostgres } from "../store/postgres/driver/node-postgres.ts";
import {
  INSIDE,
  keyIn,
  MoveRefusedError,
  type Occupant,
  occupantIn,
  type PlaceTerms,
  type Source,
  servedError,
  type Target,
} from "./place.ts";
import { PostgresSide } from "./postgres-side.ts";

/** One transaction at a time; the seat has a connection of its own. */
const CONNECTIONS = 1;

/** How long a connection is waited for, in milliseconds. */
const CONNECT_MS = 10_000;

/** Holds a database as a first broker would: who starts meanwhile waits. @throws MoveRefusedError where one has it */
async function held<T>(url: string, { password }: PlaceTerms, act: (db: Database) => Promise<T>): Promise<T> {
  const open = await openPostgres({ url, password, connections: CONNECTIONS, connectMs: CONNECT_MS, mayBeLeft: true });
  try {
    if (!open.seat.isFirst) throw servedError(shownAddress(url));
    return await act(open.db);
  } finally {
    await open.db.close();
  }
}

/** One transaction, which may take as long as it takes. */
function transaction<T>(
  db: Database,
  how: "READ ONLY" | "READ WRITE",
  act: (db: Connection) => Promise<T>,
): Promise<T> {
  return db.use(async (connection) => {
    await connection.script(
      `BEGIN ISOLATION LEVEL REPEATABLE READ ${how};
       SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`,
    );
    try {
      const result = await act(connection);
      await connection.script("COMMIT");
      return result;
    } catch (error) {
      await connection.script("ROLLBACK").catch(() => {});
      throw error;
    }
  });
}

/** Opens a database that a mesh is moved from. @throws MoveRefusedError, UnsafeDatabaseError, NewerSchemaError */
export async function fromPostgres<T>(url: string, terms: PlaceTerms, act: (source: Source) => Promise<T>): Promise<T> {
  const name = shownAddress(url);
  if (!(await hasMesh(url, terms))) throw new MoveRefusedError(`There is no mesh in ${name}. Nothing was moved.`);
  return held(url, terms, async (db) => {
    await db.use((connection) => checkKeyOf(connection, name, terms.home));
    return act({
      name,
      left: await db.use(movedFrom),
      read: (look) => transaction(db, "READ ONLY", (connection) => look(new PostgresSide(connection, name))),
      leave: (to) =>
        transaction(db, "READ WRITE", (connection) => note(connection, "away", JSON.stringify({ to, at: Date.now() }))),
    });
  });
}

/** Opens a database that a mesh is moved to. @throws MoveRefusedError, UnsafeDatabaseError, NewerSchemaError */
export async function toPostgres<T>(url: string, terms: PlaceTerms, act: (target: Target) => Promise<T>): Promise<T> {
  const name = shownAddress(url);
  const key = keyIn(terms.home);
  return held(url, terms, async (db) =>
    act({
      name,
      occupant: await db.use(occupantOf),
      read: (look) => transaction(db, "READ ONLY", (connection) => look(new PostgresSide(connection, name))),
      write: (fill) =>
        transaction(db, "READ WRITE", async (connection) => {
          const side = new PostgresSide(connection, name);
          await side.clear();
          const result = await fill(side);
          await note(connection, "away", undefined);
          if (key !== undefined) await setKey(connection, key);
          return result;
        }),
    }),
  );
}

/** Whether there is one, in a database that nothing is made in for the look. */
async function hasMesh(url: string, { password }: PlaceTerms): Promise<boolean> {
  const db = await nodePostgres({ url, password, connections: 1, connectMs: CONNECT_MS, onLost: () => {} });
  try {
    const row = await db.use((connection) =>
      connection.get<{ there: string | null }>("SELECT to_regclass('mesh')::TEXT AS there"),
    );
    return row !== undefined && row.there !== null;
  } finally {
    await db.close();
  }
}

/** Webhooks are sealed under the mesh key, and every program of this mesh proves itself by it. */
async function checkKeyOf(db: Connection, name: string, home: string): Promise<void> {
  const known = await knownKey(db);
  const own = keyIn(home);
  if (known === undefined || (own !== undefined && hashOfKey(own) === known)) return;
  throw new MoveRefusedError(
    `The mesh in ${name} has another key than ${join(home, "key")}. A mesh goes with its key: copy that of one of its brokers there (mode 0600), then move it. Nothing was moved.`,
  );
}

async function occupantOf(db: Connection): Promise<Occupant> {
  const isLeft = (await movedFrom(db)) !== undefined;
  return occupantIn(await db.get(INSIDE), isLeft);
}
