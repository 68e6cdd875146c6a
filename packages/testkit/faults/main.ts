/** The program behind `pnpm test:faults`: does faults, prints what was found. Its options are in docs/reliability.md. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { buildPrograms } from "../src/programs/build.ts";
import { type Engine, engines } from "./engines.ts";
import type { Fault } from "./fault.ts";
import { faultsInTurn } from "./turns.ts";

const MOST_PROPERTY_RUNS = 20_000;

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

const isEngine = (name: string): name is Engine => Object.hasOwn(engines, name);
const FAULTS = engines[isEngine(values.engine) ? values.engine : "sqlite"]({ only, propertyRuns });
const USUAL_S = 60;
const names = FAULTS.map(({ name }) => name);
const parts = FAULTS.flatMap((fault) => fault.parts ?? []);
const known =
  isEngine(values.engine) &&
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
const chosen = FAULTS.filter((fault) => (!only || isOf(fault, only)) && !isOf(fault, skip ?? []));
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
  return `pnpm test:faults: --seconds 1 … 86400, --seed a whole number from 0, --acked and --property-runs at least 1, --engine ${Object.keys(engines).join(" or ")}, --only and --skip of: ${names.join(",")}${parts.length > 0 ? `; --only also of: ${parts.join(",")}` : ""}`;
}
