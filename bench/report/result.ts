/** Results of runs as they are kept: one JSON file, from which tables, charts and the page are made. */
import { readFileSync, writeFileSync } from "node:fs";
import * as z from "zod";
import { type Load, median } from "../load.ts";
import type { RoundsOf } from "../run.ts";

const SideName = z.enum([
  "ours",
  "against",
  "bare",
  "redis",
  "jetstream",
  "postgres",
  "postgres3",
  "pgboss",
  "graphile",
]);

/** A figure of one side: the middle of its rounds, the least and the most of them. */
const Value = z.object({ median: z.number(), least: z.number(), most: z.number(), rounds: z.int().positive() });
export type Value = z.infer<typeof Value>;

const LoadResult = z.object({
  id: z.string(),
  size: z.enum(["smoke", "usual", "whole"]),
  /** How it was done then: a load may be done otherwise since. */
  how: z.string(),
  /** By side, then by figure. */
  sides: z.partialRecord(SideName, z.record(z.string(), Value)),
});
export type LoadResult = z.infer<typeof LoadResult>;

/** One run. */
const Result = z.object({
  at: z.iso.datetime(),
  command: z.string(),
  machine: z.object({
    processors: z.int(),
    model: z.string(),
    memoryGib: z.number(),
    system: z.string(),
    node: z.string(),
  }),
  /** Processes that wanted to run in the minute before it began: more than a few tenths is a machine with other work. */
  loadBefore: z.number(),
  tookS: z.number(),
  /** Commit or version, by side. */
  versions: z.partialRecord(SideName, z.string()),
  loads: z.array(LoadResult),
});
export type Result = z.infer<typeof Result>;

/** The middle of the rounds, figure by figure. */
export function loadResult(load: Load, size: LoadResult["size"], rounds: RoundsOf): LoadResult {
  const sides: LoadResult["sides"] = {};
  for (const name of SideName.options) {
    const figures = rounds[name];
    if (!figures || figures.length === 0) continue;
    const values = load.figures.flatMap(({ key }) => {
      const found = figures.flatMap((each) => each[key] ?? []);
      return found.length === 0 ? [] : [[key, middleOf(found)] as const];
    });
    sides[name] = Object.fromEntries(values);
  }
  return { id: load.id, size, how: load.how(size), sides };
}

function middleOf(values: readonly number[]): Value {
  const short = (value: number) => Number(value.toPrecision(5));
  return {
    median: short(median(values)),
    least: short(Math.min(...values)),
    most: short(Math.max(...values)),
    rounds: values.length,
  };
}

/** Runs that are kept together: each load in the run that did it last. */
const Kept = z.object({ runs: z.array(Result) });
export type Kept = z.infer<typeof Kept>;

/** Reads kept results. @throws when they are none */
export function readKept(path: string): Kept {
  return Kept.parse(JSON.parse(readFileSync(path, "utf8")));
}

/** Keeps them. */
export function writeKept(path: string, kept: Kept): void {
  writeFileSync(path, `${JSON.stringify(kept, null, 2)}\n`);
}

/** A run beside those that are kept: its loads take the place of theirs. */
export function addRun({ runs }: Kept, run: Result): Kept {
  const done = new Set(run.loads.map(({ id }) => id));
  const others = runs.map((other) => ({ ...other, loads: other.loads.filter(({ id }) => !done.has(id)) }));
  return { runs: [...others.filter(({ loads }) => loads.length > 0), run] };
}

/** A load of kept results, and the run that did it. */
export function findLoad({ runs }: Kept, id: string): { readonly run: Result; readonly load: LoadResult } | undefined {
  for (const run of runs) {
    const load = run.loads.find((each) => each.id === id);
    if (load) return { run, load };
  }
  return undefined;
}
