/** Three brokers of one mesh on one Postgres; where that is to be spoilt, each by a line of its own. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MeshClient } from "@agentmesh/client";
import {
  type DatabaseLines,
  openDatabaseLines,
  type PostgresServer,
  packagedPostgres,
  startPostgres,
  startTestBroker,
  type TestBroker,
  tempDir,
} from "testkit";
import type { MeshUnderLoad } from "../mesh-under-load.ts";
import { QUICK } from "../under-load.ts";

const BROKERS = 3;

/** A mesh of several brokers. */
export interface PostgresMesh extends MeshUnderLoad, AsyncDisposable {
  readonly brokers: readonly TestBroker[];
  readonly server: PostgresServer;
}

/** One whose brokers, by their numbers, have lines to the database that can be spoilt. */
export interface MeshByLines extends PostgresMesh {
  readonly lines: DatabaseLines;
}

/** Why there is none here; undefined when there can be one. */
export function whyNoPostgresMesh(): string | undefined {
  return packagedPostgres().whyNot;
}

/** Opens one; by `env` its brokers are given more than the usual, by `settings` its database. */
export async function openPostgresMesh(
  env?: Record<string, string>,
  settings?: Record<string, string>,
): Promise<PostgresMesh> {
  await using opening = new AsyncDisposableStack();
  const server = opening.use(await startPostgres(packagedPostgres(), settings));
  const mesh = opening.use(await openBrokers(() => server.addressOf("postgres"), env));
  return withMore(mesh, { server }, opening.move());
}

/** Opens one by lines. */
export async function openMeshByLines(env?: Record<string, string>): Promise<MeshByLines> {
  await using opening = new AsyncDisposableStack();
  const server = opening.use(await startPostgres(packagedPostgres()));
  const lines = opening.use(await openDatabaseLines(server, BROKERS));
  const mesh = opening.use(await openBrokers((n) => lines.addressOf(n, "postgres"), env));
  return withMore(mesh, { server, lines }, opening.move());
}

function withMore<Mesh extends object, More extends object>(mesh: Mesh, more: More, opened: AsyncDisposableStack) {
  return { ...mesh, ...more, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function openBrokers(addressOf: (broker: number) => string, env: Record<string, string> = {}) {
  await using opening = new AsyncDisposableStack();
  const homes = opening.use(tempDir()).path;
  const brokers: TestBroker[] = [];
  for (let n = 0; n < BROKERS; n++) {
    const home = join(homes, `broker-${n}`);
    mkdirSync(home, { mode: 0o700 });
    // They are of one mesh by its key.
    const [first] = brokers;
    if (first) writeFileSync(join(home, "key"), `${first.key}\n`, { mode: 0o600 });
    const database = { AGENTMESH_DATABASE: addressOf(n) };
    brokers.push(
      opening.use(await startTestBroker({ home, env: { ...QUICK, ...database, ...env }, logLevel: "info" })),
    );
  }
  const url = brokers.map((broker) => broker.url);
  const admin = new MeshClient({ url, token: brokers[0]?.key ?? "", retryForMs: 60_000 });
  const opened = opening.move();
  return {
    ...{ brokers, url, admin },
    async agent(name: string) {
      const { token } = await admin.register({ name });
      if (!token) throw new Error(`${name} was resumed, not made`);
      return { token };
    },
    log: () => brokers.map((broker) => broker.log()).join(""),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
