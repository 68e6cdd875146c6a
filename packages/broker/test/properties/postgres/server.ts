/** The Postgres server of a test file's property runs, and its databases: each is emptied for the next run. */
import { existsSync } from "node:fs";
import { type PostgresServer, type PostgresVersion, startPostgres } from "testkit";
import type { Database } from "../../../src/store/postgres/driver/database.ts";
import { nodePostgres } from "../../../src/store/postgres/driver/node-postgres.ts";
import { EMPTY } from "../../store/postgres-emptied.ts";

/** A database for one run. */
export interface RunDatabase {
  readonly url: string;
  /** Ends all connections whose name begins so, whatever is under way on them; without a name those of all brokers. */
  disconnect(named?: string): Promise<void>;
  /** The power fails, and comes back. */
  cutPower(): Promise<void>;
  /** Changes what is stored, behind the engine's back. */
  sql(script: string, ...values: (string | number)[]): Promise<object[]>;
}

/** Of so many power cuts one hits the database, too. */
const ONE_IN = 4;

/** A server. */
export interface PropertyServer extends AsyncDisposable {
  /** Lends a database that is empty; it is given back with `done`. */
  lend(): Promise<RunDatabase & { done(): void }>;
}

// In memory where there is such a folder: what is flushed there outlives a killed server as it does on a disk.
const home = existsSync("/dev/shm") ? "/dev/shm" : undefined;

/** Starts one. */
export async function propertyServer(version: PostgresVersion): Promise<PropertyServer> {
  const server: PostgresServer = await startPostgres(version, {}, home);
  const free: Kept[] = [];
  const all: Kept[] = [];
  let cuts = 0;
  const admin = await control(server.addressOf("postgres"));
  return {
    async lend() {
      const kept = free.pop() ?? (await make());
      await kept.empty();
      return { ...kept.database, done: () => free.push(kept) };
    },
    async [Symbol.asyncDispose]() {
      for (const { close } of all) await close();
      await admin.close();
      await server[Symbol.asyncDispose]();
    },
  };

  async function make(): Promise<Kept> {
    const name = `run_${all.length + 1}`;
    await admin.use((connection) => connection.script(`CREATE DATABASE ${name}`));
    // Its tables are small whatever is asked: a plan for each value costs more than all that it finds.
    await admin.use((connection) =>
      connection.script(`ALTER DATABASE ${name} SET plan_cache_mode = force_generic_plan`),
    );
    const url = server.addressOf(name);
    const own = await control(url);
    const disconnect = (named = "broker") =>
      admin.use(async (connection) => {
        const others = `FROM pg_stat_activity WHERE datname = '${name}' AND application_name LIKE '${named}%'`;
        for (;;) {
          const left = await connection.all(`SELECT pg_terminate_backend(pid, 5000) ${others}`);
          if (left.length === 0) return;
        }
      });
    const kept = {
      database: {
        url,
        disconnect,
        cutPower: async () => {
          // It takes longest of all that a run does: of some cuts no more than the brokers are hit.
          if (++cuts % ONE_IN > 0) return;
          await server.kill();
          await server.start();
        },
        sql: (script: string, ...values: (string | number)[]) =>
          own.use((connection) =>
            values.length > 0 ? connection.all(script, values) : connection.script<object>(script),
          ),
      },
      empty: async () => {
        const has = await own.use((connection) =>
          connection.get(`SELECT 1 FROM pg_tables WHERE schemaname = 'agentmesh'`),
        );
        if (has) await own.use((connection) => connection.script(EMPTY));
      },
      close: () => own.close(),
    };
    all.push(kept);
    return kept;
  }
}

interface Kept {
  readonly database: RunDatabase;
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** A connection of the tests' own, which is made anew after a power cut. */
function control(url: string): Promise<Database> {
  return nodePostgres({ url: `${url}&application_name=tests`, connections: 1, connectMs: 5_000, onLost: () => {} });
}
