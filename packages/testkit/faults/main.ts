/** The program behind `pnpm test:faults`: does faults, prints what was found. Its options are in docs/reliability.md. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { buildPrograms } from "../src/programs/build.ts";
import { clockStepped } from "./clock.ts";
import { crashPoints } from "./crash-points.ts";
import { damaged } from "./damage.ts";
import { diskFull, fileLimit } from "./disk.ts";
import type { Fault } from "./fault.ts";
import { followedTasks } from "./followed-tasks.ts";
import { malice } from "./malice.ts";
import { network } from "./network.ts";
import { outsideLock } from "./outside-lock.ts";
import { killed, mixed, paused, secondBroker } from "./processes.ts";
import { properties } from "./properties.ts";
import { halfOpen, slowConsumer } from "./receivers.ts";
import { swarm } from "./swarm.ts";
import { syncError } from "./sync-error.ts";
import { faultsInTurn } from "./turns.ts";

const MOST_PROPERTY_RUNS = 20_000;
const MOST_HISTORIES = 10_000;

const OPTIONS = {
  help: { type: "boolean", short: "h", default: false },
  seconds: { type: "string" },
  seed: { type: "string", default: String(Date.now() % 1_000_000) },
  only: { type: "string" },
  skip: { type: "string" },
  acked: { type: "string", default: "Infinity" },
  engine: { type: "string", default: "sqlite" },
  "property-runs": { type: "string", default: String(MOST_PROPERTY_RUNS) },
} satisfies ParseArgsOptionsConfig;

const { values, wrong } = parsed();
const seed = Number(values.seed);
const mostAcked = Number(values.acked);
const propertyRuns = Number(values["property-runs"]);

const [only, skip] = [values.only, values.skip].map((list) => list?.split(","));

const FAULTS: readonly Fault[] = [
  killed,
  diskFull,
  halfOpen,
  paused,
  secondBroker,
  damaged,
  mixed,
  clockStepped,
  fileLimit,
  syncError,
  crashPoints(only),
  slowConsumer,
  outsideLock,
  followedTasks,
  swarm,
  properties(values.engine === "postgres" ? "postgres" : "sqlite", propertyRuns),
  properties("identity", Math.min(propertyRuns, MOST_HISTORIES)),
  malice(only),
  network(only),
];
const USUAL_S = 60;

/** What is tried over Postgres, too. */
const OVER_POSTGRES = ["properties"];
const names = FAULTS.map(({ name }) => name);
const parts = FAULTS.flatMap((fault) => fault.parts ?? []);
const isOverPostgres = values.engine === "postgres";
const known =
  (isOverPostgres || values.engine === "sqlite") &&
  (!isOverPostgres || (only ?? []).every((name) => OVER_POSTGRES.includes(name))) &&
  (only ?? []).every((name) => names.includes(name) || parts.includes(name)) &&
  (skip ?? []).every((name) => names.includes(name));
/** Whether a fault, or a part of it, is among these. */
const isOf = (fault: Fault, list: readonly string[]) => list.some((name) => name.split("/")[0] === fault.name);
const named = FAULTS.filter((fault) => isOf(fault, only ?? []));
const wholeS = named.reduce((sum, fault) => sum + (fault.wholeS ?? 0), 0);
const seconds = Number(values.seconds ?? Math.max(USUAL_S, wholeS));
if (values.help) {
  console.log(usage());
  process.exit(0);
}
if (
  wrong !== undefined ||
  !(seconds > 0 && seconds <= 86_400) ||
  !(Number.isInteger(seed) && seed >= 0) ||
  !(propertyRuns > 0) ||
  !(mostAcked > 0) ||
  !known
) {
  if (wrong !== undefined) console.error(wrong);
  console.error(usage());
  process.exit(2);
}
const asked = only ?? (isOverPostgres ? OVER_POSTGRES : undefined);
const chosen = FAULTS.filter((fault) => (!asked || isOf(fault, asked)) && !isOf(fault, skip ?? []));
await buildPrograms();
const found = await faultsInTurn(chosen, { seconds, seed, mostAcked, byName: only !== undefined });
process.exit(found > 0 ? 1 : 0);

/** The options as typed, or what is wrong with them in a sentence of Node's. */
function parsed() {
  try {
    return { values: parseArgs({ options: OPTIONS }).values };
  } catch (error) {
    const wrong = error instanceof Error ? error.message : String(error);
    return { values: parseArgs({ options: OPTIONS, args: [] }).values, wrong };
  }
}

function usage(): string {
  return `pnpm test:faults: --seconds 1 … 86400, --seed a whole number from 0, --acked and --property-runs at least 1, --engine sqlite or postgres, which has ${OVER_POSTGRES.join()} alone, --only and --skip of: ${names.join(",")}; --only also of: ${parts.join(",")}`;
}
