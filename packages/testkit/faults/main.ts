/** The program behind `pnpm test:faults`: does faults, prints what was found. Its options are in docs/reliability.md. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { seededRandom } from "testkit";
import { clockStepped } from "./clock.ts";
import { crashPoints } from "./crash-points.ts";
import { damaged } from "./damage.ts";
import { diskFull, fileLimit } from "./disk.ts";
import type { Fault, Outcome } from "./fault.ts";
import { malice, maliceNames } from "./malice.ts";
import { outsideLock } from "./outside-lock.ts";
import { killed, mixed, paused, secondBroker } from "./processes.ts";
import { properties } from "./properties.ts";
import { halfOpen, slowConsumer } from "./receivers.ts";
import { Report } from "./report.ts";
import { swarm } from "./swarm.ts";
import { syncError } from "./sync-error.ts";

const MOST_PROPERTY_RUNS = 20_000;
const MOST_HISTORIES = 10_000;

const OPTIONS = {
  help: { type: "boolean", short: "h", default: false },
  seconds: { type: "string" },
  seed: { type: "string", default: String(Date.now() % 1_000_000) },
  only: { type: "string" },
  skip: { type: "string" },
  acked: { type: "string", default: "Infinity" },
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
  crashPoints,
  slowConsumer,
  outsideLock,
  swarm,
  properties("properties", propertyRuns),
  properties("identity", Math.min(propertyRuns, MOST_HISTORIES)),
  malice((only ?? []).filter((name) => maliceNames.includes(name))),
];
const TURN_MS = 60_000;
const USUAL_S = 60;

const names = FAULTS.map(({ name }) => name);
const known =
  (only ?? []).every((name) => names.includes(name) || maliceNames.includes(name)) &&
  (skip ?? []).every((name) => names.includes(name));
/** Whether a fault, or a load of it, is among these. */
const isOf = (fault: Fault, list: readonly string[]) => list.some((name) => name.split("/")[0] === fault.name);
const wholeS = FAULTS.filter((fault) => isOf(fault, only ?? [])).map((fault) => fault.wholeS ?? 0);
const seconds = Number(values.seconds ?? Math.max(USUAL_S, ...wholeS));
if (values.help) {
  console.log(usage());
  process.exit(0);
}
if (
  wrong !== undefined ||
  !(seconds > 0 && seconds <= 86_400) ||
  !Number.isInteger(seed) ||
  !(propertyRuns > 0) ||
  !(mostAcked > 0) ||
  !known
) {
  if (wrong !== undefined) console.error(wrong);
  console.error(usage());
  process.exit(2);
}
process.exit(await run());

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
  return `pnpm test:faults: --seconds 1 … 86400, --seed a whole number, --acked and --property-runs at least 1, --only and --skip of: ${names.join(",")}; --only also of: ${maliceNames.join(",")}`;
}

async function run(): Promise<number> {
  const began = performance.now();
  let end = began + seconds * 1_000;
  // What a turn has made, mounted or stopped it also cleans up: it is finished first.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      console.log("ends after this turn");
      end = 0;
    });
  }
  console.log(`faults: ${seconds} s, --seed ${seed}`);
  const able = FAULTS.filter((fault) => {
    if ((only && !isOf(fault, only)) || isOf(fault, skip ?? [])) return false;
    const missing = fault.missing?.();
    if (missing !== undefined) console.log(`${fault.name.padEnd(14)} left out: ${missing}`);
    return missing === undefined;
  });
  const report = new Report(FAULTS, seed);
  // When the time is short each turn is short; a turn that has begun is finished.
  const share = (seconds * 1_000) / Math.max(1, able.length);
  let acked = 0;
  for (let turn = 0; acked < mostAcked && (turn < able.length || performance.now() < end); turn++) {
    // The seed chooses which begins: short runs with other seeds come to other faults.
    const fault = able[(turn + seed) % able.length];
    if (!fault || performance.now() > end || able.every((each) => each.done?.())) break;
    if (fault.done?.()) continue;
    const turnSeed = seed + turn * 10_000;
    const turnMs = Math.min(fault.turnMs ?? TURN_MS, share);
    const outcome = await oneTurn(fault, turnSeed, Math.min(end, performance.now() + turnMs));
    acked += outcome.acked;
    report.turn(fault.name, turnSeed, outcome, performance.now() - began);
  }
  for (const { name } of able) if (!report.has(name)) console.log(`${name.padEnd(14)} no time left for it`);
  return report.end((performance.now() - began) / 1_000) > 0 ? 1 : 0;
}

async function oneTurn(fault: Fault, turnSeed: number, until: number): Promise<Outcome> {
  try {
    return await fault.run({ seed: turnSeed, random: seededRandom(turnSeed), until });
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { rounds: 0, accepted: 0, acked: 0, notes: [], found: [{ kind: "unexpected", detail }] };
  }
}
