/**
 * `pnpm bench:webhooks`: does one webhook that never answers delay 99 that do? The same load with it and without it,
 * in alternating blocks, so that what else the machine does falls on both. Built packages.
 */
import { cpus } from "node:os";
import { openWebhookLoad } from "testkit";
import { startBuiltBroker } from "./built-broker.ts";

const GOOD = 99;
const MESSAGES = 10_000;
const PER_SECOND = 200;
const BLOCK = 50;

await using broker = await startBuiltBroker();
await using load = await openWebhookLoad(broker.admin, broker.client, GOOD);
console.log(`machine  ${cpus().length} × ${cpus()[0]?.model.trim()}, ${process.platform}, Node ${process.version}`);
console.log(`load     ${MESSAGES} messages each way, ${PER_SECOND}/s to ${GOOD} webhooks, blocks of ${BLOCK}`);
await load.run({ messages: BLOCK, perSecond: PER_SECOND, blackHole: true });

const times = { without: [] as number[], with: [] as number[] };
const blocks = { without: [] as number[], with: [] as number[] };
for (let i = 0; i < MESSAGES / BLOCK; i++) {
  // without, with; with, without: neither is always the first after a pause.
  const order = i % 2 === 0 ? (["without", "with"] as const) : (["with", "without"] as const);
  for (const kind of order) {
    const took = await load.run({ messages: BLOCK, perSecond: PER_SECOND, blackHole: kind === "with" });
    times[kind].push(...took);
    blocks[kind].push(percentile(took, 0.99));
  }
}
report("without the black hole", times.without);
report("with the black hole", times.with);
for (const part of [0.5, 0.99]) {
  const ratio = percentile(times.with, part) / percentile(times.without, part);
  console.log(`p${part * 100} with / without: ${ratio.toFixed(3)}`);
}
// A stall of the machine spoils the blocks it falls into, and the p99 of all; the median block shows what is left.
const middle = { without: percentile(blocks.without, 0.5), with: percentile(blocks.with, 0.5) };
console.log(`median of the blocks' p99: ${middle.without.toFixed(2)} ms without, ${middle.with.toFixed(2)} ms with`);
console.log(`  with / without: ${(middle.with / middle.without).toFixed(3)}`);
console.log(`connections that the black hole swallowed: ${load.swallowed()}`);

function percentile(times: readonly number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

function report(what: string, times: readonly number[]): void {
  const at = (part: number) => `${percentile(times, part).toFixed(2)} ms`;
  console.log(`${what.padEnd(24)} n=${times.length}  p50 ${at(0.5)}  p99 ${at(0.99)}  max ${at(1)}`);
}
