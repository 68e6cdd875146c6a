/** The one Postgres that ours and the queues over Postgres share in a run: the tests' own binaries, every commit on disk. */
import { type PostgresServer, packagedPostgres, startPostgres } from "testkit";
import { toEnd } from "../machine/ends.ts";
import { sqlAt } from "./sql-at.ts";

/** Room for 64 lanes and three brokers; the rest as Postgres comes. */
const SETTINGS = { max_connections: "300", shared_buffers: "256MB" };

/** A server for a whole run. */
export interface SharedPostgres {
  /** Address of a new, empty database. */
  database(name: string): Promise<string>;
}

let started: Promise<PostgresServer> | undefined;
let made = 0;

/** Why it cannot be started here; undefined when it can. */
export function whyNoPostgres(): string | undefined {
  return packagedPostgres().whyNot;
}

/** Its version, as the tests name it. */
export function postgresName(): string {
  return packagedPostgres().name;
}

/** Starts it when the first asks for it. */
export async function sharedPostgres(): Promise<SharedPostgres> {
  started ??= startPostgres(packagedPostgres(), SETTINGS).then((server) => {
    toEnd(async () => server[Symbol.asyncDispose]());
    return server;
  });
  const server = await started;
  return {
    async database(name) {
      const own = `${name}_${++made}`;
      await sqlAt(server.addressOf("postgres"), `CREATE DATABASE ${own}`);
      return server.addressOf(own);
    },
  };
}
