/** `pnpm bench`: what each message, idle agent and start costs; see HELP in options.ts, and docs/benchmarks.md. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { loads } from "./loads/index.ts";
import { describeMachine, loadNow } from "./machine/describe.ts";
import { endAll } from "./machine/ends.ts";
import { commandOf, HELP, type Options, readOptions } from "./options.ts";
import { buildAt } from "./ours/build.ts";
import { readProfiles } from "./profile/kept.ts";
import { checkLines, compare } from "./report/check.ts";
import { benchmarkFiles } from "./report/page.ts";
import { addRun, loadResult, type Result, readKept, writeKept } from "./report/result.ts";
import { figureTable, GOAL_HEAD, goalRows, tableOf } from "./report/table.ts";
import { runLoad } from "./run.ts";
import { bareSide, buildSide, peerSides, postgresSides, type Side } from "./side.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const latest = join(root, "bench/results/latest.json");
const profiles = join(root, "bench/results/profiles.json");
/** Loads that are done only when they are named, or with `--whole`. */
const NAMED_ONLY: readonly string[] = ["P9"];

/** Where the person stood who called; pnpm runs scripts in the root of the repository. */
const here = process.env.INIT_CWD ?? process.cwd();

function makePage(file: string): void {
  const files = benchmarkFiles(loads, readKept(file === "" ? latest : resolve(here, file)), readProfiles(profiles));
  for (const [name, text] of files) {
    const path = join(root, "docs", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(path);
  }
}

function sidesFor({ peers, postgres, against }: Options): Side[] {
  const sides: Side[] = [buildSide("ours", buildAt(root))];
  if (against !== undefined) sides.push(buildSide("against", buildAt(resolve(here, against))));
  sides.push(bareSide);
  for (const { sides: others, missing } of [
    ...(peers ? [peerSides()] : []),
    ...(postgres ? [postgresSides(buildAt(root))] : []),
  ]) {
    for (const line of missing) console.error(line);
    sides.push(...others);
  }
  return sides;
}

async function run(options: Options): Promise<Result> {
  const loadBefore = loadNow();
  const began = performance.now();
  const sides = sidesFor(options);
  const wanted = loads.filter(({ id }) =>
    options.only ? options.only.includes(id) : options.size === "whole" || !NAMED_ONLY.includes(id),
  );
  const results: Result["loads"] = [];
  for (const load of wanted) {
    const say = (line: string) => console.error(line);
    const found = loadResult(load, options.size, await runLoad(load, sides, { ...options, say }));
    results.push(found);
    const rows = goalRows(load, found);
    const goals = rows.length === 0 ? [] : tableOf(GOAL_HEAD, rows);
    console.log([`\n${load.id} ${load.title}`, ...figureTable(load, found), ...goals].join("\n"));
  }
  return {
    at: new Date().toISOString(),
    command: commandOf(options),
    machine: describeMachine(),
    loadBefore,
    tookS: Math.round((performance.now() - began) / 1_000),
    versions: Object.fromEntries(sides.map(({ name, version }) => [name, version])),
    loads: results,
  };
}

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(
    args,
    loads.map(({ id }) => id),
  );
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (options.page !== undefined) {
    makePage(options.page);
    return 0;
  }
  // Read before the run, which may take its place.
  const before = options.check ? readKept(latest) : undefined;
  const result = await run(options);
  if (options.json !== undefined) {
    const path = resolve(here, options.json);
    const kept = options.add && existsSync(path) ? readKept(path) : { runs: [] };
    writeKept(path, addRun(kept, result));
  }
  if (!before) return 0;
  const all = compare(loads, before, result);
  console.log(["\nBeside the last kept results:", ...checkLines(all)].join("\n"));
  return all.length === 0 || all.some(({ tooMuch }) => tooMuch) ? 1 : 0;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void endAll().then(() => process.exit(1)));
}
process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 2;
});
await endAll();
