/** Bounds by the wall on a machine that others use, too: as much longer as an empty program takes longer there. */
import { spawnSync } from "node:child_process";

/** By how much an empty program takes longer than its own work on a machine that does nothing else. */
const QUIET = 1.5;
/** Beyond this a bound says nothing any more: it fails, and is asked again on a machine with less to do. */
const MOST = 10;
const OWN_WORK = "const { user, system } = process.cpuUsage(); console.log((user + system) / 1_000)";

/** How many times as long as on a quiet machine a program takes here and now, by the middle of three looks: 1 on a quiet one. */
export function pace(look: () => number = lookOnce): number {
  const [, middle = 1] = [look(), look(), look()].sort((a, b) => a - b);
  return Math.min(MOST, Math.max(1, middle / QUIET));
}

function lookOnce(): number {
  const began = performance.now();
  const { status, stdout } = spawnSync(process.execPath, ["-e", OWN_WORK], { encoding: "utf8" });
  const ownMs = Number(stdout);
  if (status !== 0 || !(ownMs > 0)) throw new Error(`an empty program ended with ${status} and said "${stdout}"`);
  return (performance.now() - began) / ownMs;
}

/** Fails when something took longer than it may; before that, the machine is asked how slow it makes everything just now. */
export function assertInTime(tookMs: number, mostMs: number, measure: () => number = pace): void {
  if (tookMs < mostMs) return;
  const slower = measure();
  if (tookMs < mostMs * slower) return;
  throw new Error(
    `took ${Math.round(tookMs)} ms, and may take ${mostMs} where the machine is quiet; this one is ${slower.toFixed(1)} times slower`,
  );
}
