/** Stores over a real Postgres server: a database for each test, emptied behind the one that had it before. */
import { type PostgresServer, type PostgresVersion, startPostgres } from "testkit";
import { afterAll, beforeAll, beforeEach } from "vitest";
import type { Store } from "../../src/mesh/store.ts";
import { type OpenPostgres, openPostgres } from "../../src/store/postgres/database/open.ts";
import { nodePostgres } from "../../src/store/postgres/driver/node-postgres.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import type { EngineUnderTest } from "./conformance.ts";
import type { FakeClock } from "./fake-clock.ts";
import { EMPTY } from "./postgres-emptied.ts";

/** What makes engines for the tests of a file. */
export interface PostgresUnderTest {
  /** The server of this file's tests. */
  server(): PostgresServer;
  /** Address of a new database. */
  newDatabase(): Promise<string>;
  /** An engine with a database of its own. */
  engine(): EngineUnderTest;
}

/** Starts a server for the tests of the describe block that calls it. */
export function usePostgres(version: PostgresVersion): PostgresUnderTest {
  let server: PostgresServer | undefined;
  let made = 0;
  const lent: string[] = [];
  const emptied: string[] = [];

  const running = (): PostgresServer => {
    if (!server) throw new Error("Postgres was not started");
    return server;
  };
  const sql = async (url: string, script: string): Promise<void> => {
    const db = await nodePostgres({ url, connections: 1, connectMs: 5_000, onLost: () => {} });
    try {
      await db.use((connection) => connection.script(script));
    } finally {
      await db.close();
    }
  };

  beforeAll(async () => {
    server = await startPostgres(version);
  });
  const opened: OpenPostgres[] = [];
  const closeAll = async (): Promise<void> => {
    for (const { db } of opened.splice(0)) await db.close();
    emptied.push(...lent.splice(0));
  };
  afterAll(async () => {
    await closeAll();
    await server?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await closeAll();
  });

  const newDatabase = async (): Promise<string> => {
    const used = emptied.pop();
    const url = used ?? running().addressOf(`mesh_${++made}`);
    if (used === undefined) await sql(running().addressOf("postgres"), `CREATE DATABASE mesh_${made}`);
    else await sql(url, EMPTY);
    lent.push(url);
    return url;
  };

  return {
    server: running,
    newDatabase,
    engine: () => {
      let url: string | undefined;
      const open = async (clock: FakeClock): Promise<Store> => {
        url ??= await newDatabase();
        const database = await openPostgres({ url, connections: 4 });
        opened.push(database);
        return postgresStore(database, { notice: () => {}, clock });
      };
      const reopen = async (clock: FakeClock): Promise<Store> => {
        // One that was killed has no connection any more.
        for (const { db } of opened.splice(0)) await db.close();
        return open(clock);
      };
      return { open, reopen, dispose: async () => {}, hasOwnTime: true };
    },
  };
}
