/** What was measured of a load → what is not as it should be, and the row of the table. */
import type { Finding } from "testkit";
import { percentile } from "./figures.ts";
import { BOUND } from "./load.ts";
import type { Measured } from "./measure.ts";

/** A quiet value below this is taken as this: five times less than a timer's tick says nothing. */
const LEAST_QUIET_MS = 4;
/** Somebody new is served within this, whatever others do. */
const NEWCOMER_MS = 2_000;

/** Everything that broke the bound, or was found by those who took part. */
export function verdict(measured: Measured): Finding[] {
  const { load, quiet, loaded, newcomers, holds, rssPeakMiB, logBytesPerS, found } = measured;
  const bound = { ...BOUND, ...load.bound };
  const [quietMs, loadedMs] = [percentile(quiet, 0.99), percentile(loaded, 0.99)];
  const most = Math.max(quietMs, LEAST_QUIET_MS) * bound.timesQuiet;
  const broken = [
    quiet.length === 0 || loaded.length === 0 ? "the bystander saw nothing" : "",
    loadedMs > most
      ? `the bystander's p99 is ${ms(loadedMs)}, ${ms(quietMs)} when all is quiet; ${ms(most)} may be`
      : "",
    loadedMs > bound.p99Ms ? `the bystander's p99 is ${ms(loadedMs)}; it is never over ${ms(bound.p99Ms)}` : "",
    holds.longestMs > bound.heldMs
      ? `the broker's loop was held for ${ms(holds.longestMs)} of the processor; ${ms(bound.heldMs)} may be`
      : "",
    newcomers.tried === 0 ? "nobody new came" : "",
    newcomers.refused > 0 ? `${newcomers.refused} of ${newcomers.tried} newcomers were not served` : "",
    newcomers.longestMs > NEWCOMER_MS ? `a newcomer waited ${ms(newcomers.longestMs)}` : "",
    rssPeakMiB > bound.rssMiB ? `the broker had ${rssPeakMiB} MiB in memory; ${bound.rssMiB} may be` : "",
    logBytesPerS > bound.logBytesPerS
      ? `the log grew by ${Math.round(logBytesPerS)} bytes a second; ${bound.logBytesPerS} may be`
      : "",
  ].filter((detail) => detail !== "");
  return [...broken.map((detail) => ({ kind: "unavailable" as const, detail })), ...found];
}

function ms(time: number): string {
  return `${time.toFixed(time < 10 ? 1 : 0)} ms`;
}

/** The table: a row for each load that was measured. */
export function table(all: readonly Measured[]): string[] {
  const head = [
    "load",
    "quiet p50/p99",
    "p99 under it",
    "ratio",
    "max",
    "hold p99/longest (wall)",
    "RSS MiB",
    "log B/s",
    "s",
  ];
  const rows = all.map((measured) => {
    const { load, quiet, loaded, holds, rssQuietMiB, rssPeakMiB, logBytesPerS, seconds } = measured;
    const [quietMs, loadedMs] = [percentile(quiet, 0.99), percentile(loaded, 0.99)];
    return [
      load.name,
      `${percentile(quiet, 0.5).toFixed(1)}/${quietMs.toFixed(1)}`,
      loadedMs.toFixed(1),
      (loadedMs / quietMs).toFixed(1),
      percentile(loaded, 1).toFixed(0),
      `${holds.p99Ms.toFixed(0)}/${holds.longestMs.toFixed(0)} (${holds.longestWallMs.toFixed(0)})`,
      `${rssQuietMiB} → ${rssPeakMiB}`,
      logBytesPerS.toFixed(0),
      seconds.toFixed(1),
      verdict(measured).length === 0 ? "held" : "FOUND",
    ];
  });
  return [[...head, "verdict"], ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}
