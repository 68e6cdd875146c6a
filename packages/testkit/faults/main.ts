/** The program behind `pnpm test:faults`: does faults, prints what was found. Its options are in docs/reliability.md. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { seededRandom } from "testkit";
import { clockStepped } from "./clock.ts";
import { damaged } from "./damage.ts";
import { diskFull, fileLimit } from "./disk.ts";
import type { Fault, Found, Outcome } from "./fault.ts";
import { malice, maliceNames } from "./malice.ts";
import { outsideLock } from "./outside-lock.ts";
import { killed, mixed, paused, secondBroker } from "./processes.ts";
import { properties } from "./properties.ts";
import { halfOpen, slowConsumer } from "./receivers.ts";
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
  slowConsumer,
  outsideLock,
  swarm,
  properties("properties", propertyRuns),
  properties("identity", Math.min(propertyRuns, MOST_HISTORIES)),
  malice((only ?? []).filter((name) => maliceNames.includes(name))),
];
const TURN_MS = 60_000;
const USUAL_S = 60;
const SHOWN = 10;

interface Sum {
  turns: number;
  rounds: number;
  accepted: number;
  acked: number;
  longestGapMs: number;
  found: number;
  readonly notes: Set<string>;
}

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
  const sums = new Map<string, Sum>();
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
    add(sums, fault.name, outcome);
    acked += outcome.acked;
    show(fault.name, turnSeed, outcome, performance.now() - began);
  }
  for (const { name } of able) if (!sums.has(name)) console.log(`${name.padEnd(14)} no time left for it`);
  return report(sums, (performance.now() - began) / 1_000);
}

async function oneTurn(fault: Fault, turnSeed: number, until: number): Promise<Outcome> {
  try {
    return await fault.run({ seed: turnSeed, random: seededRandom(turnSeed), until });
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { rounds: 0, accepted: 0, acked: 0, longestGapMs: 0, notes: [], found: [{ kind: "unexpected", detail }] };
  }
}

function add(sums: Map<string, Sum>, name: string, outcome: Outcome): void {
  const empty = { turns: 0, rounds: 0, accepted: 0, acked: 0, longestGapMs: 0, found: 0, notes: new Set<string>() };
  const sum: Sum = sums.get(name) ?? empty;
  sums.set(name, sum);
  sum.turns++;
  sum.rounds += outcome.rounds;
  sum.accepted += outcome.accepted;
  sum.acked += outcome.acked;
  sum.found += outcome.found.length;
  sum.longestGapMs = Math.max(sum.longestGapMs, outcome.longestGapMs);
  for (const note of outcome.notes) if (sum.notes.size < SHOWN) sum.notes.add(note);
}

function show(name: string, turnSeed: number, { rounds, acked, longestGapMs, found }: Outcome, ms: number): void {
  const at = `${(ms / 1_000).toFixed(0)} s`.padStart(6);
  console.log(
    `${at} ${name.padEnd(14)} rounds ${rounds}, acked ${acked}, gap ${longestGapMs} ms, found ${found.length}`,
  );
  for (const each of found.slice(0, SHOWN)) print(each);
  if (found.length > SHOWN) console.log(`       … and ${found.length - SHOWN} more`);
  if (found.length > 0) console.log(`       again: --only ${name} --seed ${turnSeed}`);
}

function print({ kind, detail, excerpt = [] }: Found): void {
  console.log(`       ${kind}: ${detail}`);
  for (const line of excerpt) console.log(`         ${line}`);
}

function report(sums: ReadonlyMap<string, Sum>, took: number): number {
  console.log(`\n${"fault".padEnd(14)} turns rounds accepted    acked  longest gap  findings`);
  let found = 0;
  let acked = 0;
  for (const [name, sum] of sums) {
    found += sum.found;
    acked += sum.acked;
    const cells = [
      String(sum.turns).padStart(5),
      String(sum.rounds).padStart(6),
      String(sum.accepted).padStart(8),
      String(sum.acked).padStart(8),
      `${sum.longestGapMs} ms`.padStart(12),
      String(sum.found).padStart(9),
    ];
    console.log(`${name.padEnd(14)} ${cells.join(" ")}`);
    for (const note of [FAULTS.find((each) => each.name === name)?.summary?.(), ...sum.notes])
      if (note) console.log(`  ${note}`);
  }
  console.log(`${acked} acked messages in ${took.toFixed(0)} s, ${found} findings, --seed ${seed}`);
  return found > 0 ? 1 : 0;
}
