/** `pnpm bench`: what each message, idle agent and start costs; see HELP in options.ts, and docs/benchmarks.md. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { loads } from "./loads/index.ts";
import { describeMachine, loadNow } from "./machine/describe.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { buildAt } from "./ours/build.ts";
import { checkLines, compare } from "./report/check.ts";
import { benchmarkFiles } from "./report/page.ts";
import { loadResult, type Result, readResult, writeResult } from "./report/result.ts";
import { figureTable, goalTable } from "./report/table.ts";
import { runLoad } from "./run.ts";
import { bareSide, buildSide, peerSides, type Side } from "./side.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const latest = join(root, "bench/results/latest.json");
/** Loads that are done only when they are named, or with `--whole`. */
const NAMED_ONLY: readonly string[] = ["P9"];

/** Where the person stood who called; pnpm runs scripts in the root of the repository. */
const here = process.env.INIT_CWD ?? process.cwd();

function makePage(file: string): void {
  const files = benchmarkFiles(loads, readResult(file === "" ? latest : resolve(here, file)));
  for (const [name, text] of files) {
    const path = join(root, "docs", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(path);
  }
}

function sidesFor({ peers, against }: Options): Side[] {
  const sides: Side[] = [buildSide("ours", buildAt(root))];
  if (against !== undefined) sides.push(buildSide("against", buildAt(resolve(here, against))));
  sides.push(bareSide);
  if (!peers) return sides;
  const { sides: others, missing } = peerSides();
  for (const line of missing) console.error(line);
  return [...sides, ...others];
}

async function run(options: Options, args: readonly string[]): Promise<Result> {
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
    console.log([`\n${load.id} ${load.title}`, ...figureTable(load, found), ...goalTable(load, found)].join("\n"));
  }
  return {
    at: new Date().toISOString(),
    command: ["npx -y pnpm@12 bench", ...args].join(" "),
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
  const before = options.check ? readResult(latest) : undefined;
  const result = await run(options, args);
  if (options.json !== undefined) writeResult(resolve(here, options.json), result);
  if (!before) return 0;
  const all = compare(loads, before, result);
  console.log([`\nBeside ${before.versions.ours} of ${before.at}:`, ...checkLines(all)].join("\n"));
  return all.length === 0 || all.some(({ tooMuch }) => tooMuch) ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 2;
});
