/** Stores over a real Postgres server: a database for each test, made from one that has the schema already. */
import { type PostgresServer, type PostgresVersion, startPostgres } from "testkit";
import { afterAll, beforeAll, beforeEach } from "vitest";
import type { Store } from "../../src/mesh/store.ts";
import { type OpenPostgres, openPostgres } from "../../src/store/postgres/database/open.ts";
import { nodePostgres } from "../../src/store/postgres/driver/node-postgres.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import type { EngineUnderTest } from "./conformance.ts";
import type { FakeClock } from "./fake-clock.ts";

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
  let skip = (_why: string): void => {};

  const running = (): PostgresServer => {
    if (!server) throw new Error("Postgres was not started");
    return server;
  };
  const sql = async (statement: string): Promise<void> => {
    const db = await nodePostgres({
      ...{ url: running().addressOf("postgres"), connections: 1, connectMs: 5_000, onLost: () => {} },
    });
    try {
      await db.use((connection) => connection.run(statement));
    } finally {
      await db.close();
    }
  };

  beforeAll(async () => {
    server = await startPostgres(version);
    await sql("CREATE DATABASE template");
    await (await openPostgres({ url: server.addressOf("template") })).db.close();
  });
  const opened: OpenPostgres[] = [];
  const closeAll = async (): Promise<void> => {
    for (const { db } of opened.splice(0)) await db.close();
  };
  afterAll(async () => {
    await closeAll();
    await server?.[Symbol.asyncDispose]();
  });
  beforeEach(async (test) => {
    // Of one that was left out half way: what would be after it is left out, too.
    await closeAll();
    skip = (why) => test.skip(why);
  });

  const newDatabase = async (): Promise<string> => {
    const name = `mesh_${++made}`;
    await sql(`CREATE DATABASE ${name} TEMPLATE template`);
    return running().addressOf(name);
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
        const store = postgresStore(database, { notice: () => {}, clock });
        return asFarAsBuilt(store, (verb) => skip(`${verb} is not built over Postgres yet`));
      };
      return { open, reopen: open, dispose: async () => {} };
    },
  };
}

/** The whole port of an engine that is being built: a test that asks for a verb that is missing is left out, and says so. */
function asFarAsBuilt(built: Partial<Store>, isMissing: (verb: string) => void): Store {
  const whole: unknown = new Proxy(built, {
    get: (of, verb) => Reflect.get(of, verb) ?? (verb === "then" ? undefined : () => isMissing(String(verb))),
  });
  return whole as Store;
}
