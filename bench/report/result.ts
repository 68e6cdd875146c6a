/** The result of a run as it is kept: one JSON file, from which tables, charts and the page are made. */
import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { type Load, median } from "../load.ts";
import type { RoundsOf } from "../run.ts";

const SideName = z.enum(["ours", "against", "bare", "redis", "jetstream"]);

/** A figure of one side: the middle of its rounds, the least and the most of them. */
const Value = z.object({ median: z.number(), least: z.number(), most: z.number(), rounds: z.int().positive() });
export type Value = z.infer<typeof Value>;

const LoadResult = z.object({
  id: z.string(),
  size: z.enum(["smoke", "usual", "whole"]),
  /** By side, then by figure. */
  sides: z.partialRecord(SideName, z.record(z.string(), Value)),
});
export type LoadResult = z.infer<typeof LoadResult>;

/** A whole run. */
export const Result = z.object({
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
  return { id: load.id, size, sides };
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

/** Reads a kept result. @throws when it is none */
export function readResult(path: string): Result {
  return Result.parse(JSON.parse(readFileSync(path, "utf8")));
}

/** Keeps it. */
export function writeResult(path: string, result: Result): void {
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
}
