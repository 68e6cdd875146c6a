/**
 * Loaded into a broker before its own code (`--import`): writes down, ten times a second, how long the event loop was held
 * between two ticks of a timer, by the wall and by the processor. What the processor says no other program disturbs.
 */
import { openSync, writeSync } from "node:fs";
import { watchTicks } from "../../src/event-loop/ticks.ts";

const TICK_MS = 2;
const LINE_MS = 100;
/** Holds that are written down one by one; shorter ones are counted. */
const LONG_MS = 4;

const path = process.env.MALICE_LOOP_FILE;
if (path !== undefined) watch(openSync(path, "a"));

function watch(file: number): void {
  let lineAt = performance.now();
  let ticks = 0;
  let long: [number, number][] = [];
  watchTicks(TICK_MS, ({ wallMs, heldMs }) => {
    ticks++;
    if (wallMs >= LONG_MS || heldMs >= LONG_MS) long.push([round(wallMs), round(heldMs)]);
    const now = performance.now();
    if (now - lineAt < LINE_MS) return;
    writeSync(file, `${JSON.stringify({ at: Date.now(), ticks, long })}\n`);
    lineAt = now;
    ticks = 0;
    long = [];
  });
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
