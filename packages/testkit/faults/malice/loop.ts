/** What the watch in the broker wrote down of its event loop, read over a span of time. */
import { readFileSync } from "node:fs";
import * as z from "zod";
import { percentile } from "./figures.ts";

const Line = z.object({ at: z.number(), ticks: z.int(), long: z.array(z.tuple([z.number(), z.number()])) });

/** How long the loop was held between two ticks, in milliseconds. */
export interface Holds {
  /** By the processor: what the broker itself did. */
  readonly p99Ms: number;
  readonly longestMs: number;
  /** By the wall: waits for the disk and for other programs count too. */
  readonly longestWallMs: number;
}

/** The holds from `from` to `to` (Date.now()). */
export function holdsOf(file: string, from: number, to: number): Holds {
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  const within = lines.map((line) => Line.parse(JSON.parse(line))).filter(({ at }) => at >= from && at <= to + 200);
  const long = within.flatMap((line) => line.long);
  const short = within.reduce((sum, { ticks }) => sum + ticks, 0) - long.length;
  const held = [...new Array<number>(Math.max(0, short)).fill(0), ...long.map(([, ms]) => ms)];
  return {
    p99Ms: percentile(held, 0.99),
    longestMs: Math.max(0, ...long.map(([, ms]) => ms)),
    longestWallMs: Math.max(0, ...long.map(([ms]) => ms)),
  };
}
