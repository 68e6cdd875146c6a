/** What stands side by side in a run: two builds of ours, and what people would use instead. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import type { Bus } from "./bus.ts";
import { type Broker, LASTING_SESSIONS, startBroker } from "./ours/broker.ts";
import type { Build } from "./ours/build.ts";
import { busOf } from "./ours/bus.ts";
import { startBare } from "./peers/bare.ts";
import { postgresName, sharedPostgres, whyNoPostgres } from "./peers/embedded-postgres.ts";
import { startGraphileWorker } from "./peers/graphile-worker.ts";
import { startJetStream } from "./peers/jetstream.ts";
import { startPgBoss } from "./peers/pg-boss.ts";
import { whyNoProgram } from "./peers/program.ts";
import { startRedis } from "./peers/redis.ts";
import { SIDE_TITLES } from "./side-titles.ts";

/** Ours, another build of ours, the same wire without a store, two stores that carry messages; and over one Postgres ours, with one broker and with three, and two queues. */
export type SideName =
  | "ours"
  | "against"
  | "bare"
  | "redis"
  | "jetstream"
  | "postgres"
  | "postgres3"
  | "pgboss"
  | "graphile";

/** One of them. */
export interface Side {
  readonly name: SideName;
  /** Only of ours. */
  readonly build?: Build;
  /** Which commit or version it is. */
  readonly version: string;
  /** Starts a server of it. */
  bus(): Promise<Bus>;
}

/** A build as a side. */
export function buildSide(name: "ours" | "against", build: Build): Side {
  return {
    name,
    build,
    version: build.commit,
    async bus() {
      const broker = await startBroker(build, { env: LASTING_SESSIONS });
      return { ...busOf(broker), [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() };
    },
  };
}

/** The same wire without a store. */
export const bareSide: Side = { name: "bare", version: process.version, bus: startBare };

/** Ours over Postgres, and queues over the same server. */
export function postgresSides(build: Build): { readonly sides: Side[]; readonly missing: string[] } {
  const why = whyNoPostgres();
  if (why !== undefined) return { sides: [], missing: [`Postgres is left out: ${why}`] };
  const over = postgresName();
  const queues: Side[] = [
    { name: "pgboss", version: `${versionOf("pg-boss")} over ${over}`, bus: startPgBoss },
    { name: "graphile", version: `${versionOf("graphile-worker")} over ${over}`, bus: startGraphileWorker },
  ];
  // A build without the setting would be measured over SQLite.
  if (!hasSetting(build, "database")) {
    return { sides: queues, missing: [`${SIDE_TITLES.postgres} is left out: this build has no setting for it`] };
  }
  const ours = (name: "postgres" | "postgres3", count: number): Side => ({
    name,
    build,
    version: `${build.commit} over ${over}`,
    bus: async () => brokersBus(build, count),
  });
  return { sides: [ours("postgres", 1), ours("postgres3", 3), ...queues], missing: [] };
}

function hasSetting(build: Build, name: string): boolean {
  const { stdout } = spawnSync(process.execPath, [build.program("broker"), "config"], { encoding: "utf8" });
  return stdout.split("\n").some((line) => line.startsWith(`${name} `));
}

const Package = z.object({ version: z.string() });

function versionOf(name: string): string {
  const path = fileURLToPath(new URL(`../node_modules/${name}/package.json`, import.meta.url));
  return Package.parse(JSON.parse(readFileSync(path, "utf8"))).version;
}

/** The peers that are installed, and of the others why they are not there. */
export function peerSides(): { readonly sides: Side[]; readonly missing: string[] } {
  const peers = [
    { name: "redis", program: "redis-server", bus: startRedis },
    { name: "jetstream", program: "nats-server", bus: startJetStream },
  ] as const;
  const sides: Side[] = [];
  const missing: string[] = [];
  for (const { name, program, bus } of peers) {
    const found = whyNoProgram(program);
    if ("why" in found) missing.push(`${SIDE_TITLES[name]} is left out: ${found.why}`);
    else sides.push({ name, version: found.version, bus });
  }
  return { sides, missing };
}

/** Brokers on one database, over which the lanes are spread. */
async function brokersBus(build: Build, count: number): Promise<Bus> {
  const env = { ...LASTING_SESSIONS, AGENTMESH_DATABASE: await (await sharedPostgres()).database("mesh") };
  const first = await startBroker(build, { env });
  const brokers: [Broker, ...Broker[]] = [first];
  // All of a mesh have the key of the first.
  for (let n = 1; n < count; n++) brokers.push(await startBroker(build, { env, key: first.key }));
  return {
    ...busOf(...brokers),
    async [Symbol.asyncDispose]() {
      for (const broker of brokers) await broker[Symbol.asyncDispose]();
    },
  };
}
