/**
 * `pnpm bench:drivers`: what a message costs over better-sqlite3 and over Node's own SQLite: two brokers, the same load in
 * alternating blocks, so that what else the machine does falls on both. Built packages, Linux.
 */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { startBuiltBroker } from "./built-broker.ts";

const NAMES = ["better-sqlite3", "node-sqlite"] as const;
const BLOCKS = 60;
const BLOCK = 200;
const SENDERS = 16;
const BODY = "x".repeat(1_024);
/** Ticks of /proc/PID/stat in a second. */
const TICKS = 100;

await using first = await side("better-sqlite3");
await using second = await side("node-sqlite");
const sides = [first, second];
console.log(`machine  ${cpus().length} × ${cpus()[0]?.model.trim()}, ${process.platform}, Node ${process.version}`);
console.log(
  `load     ${BLOCKS * BLOCK} messages of ${BODY.length} bytes each, sent, leased and acked, ${SENDERS} at a time`,
);
for (const each of sides) await each.block();
for (const each of sides) each.forget();
for (let i = 0; i < BLOCKS; i++) for (const each of i % 2 === 0 ? sides : sides.toReversed()) await each.block();
for (const each of sides) each.report();
for (const part of [0.5, 0.99]) {
  console.log(
    `p${part * 100} of ${NAMES[1]} / ${NAMES[0]}: ${(second.percentile(part) / first.percentile(part)).toFixed(3)}`,
  );
}
console.log(`processor time of ${NAMES[1]} / ${NAMES[0]}: ${(second.cpuMs() / first.cpuMs()).toFixed(3)}`);

async function side(driver: (typeof NAMES)[number]) {
  const broker = await startBuiltBroker(["--sqlite-driver", driver]);
  const { pid, storage } = await broker.admin.status();
  const agent = async (name: string) => broker.client((await broker.admin.register({ name })).token ?? "");
  const pairs = await Promise.all(
    Array.from({ length: SENDERS }, async (_, i) => ({
      sender: await agent(`sender-${i}`),
      to: `sink-${i}`,
      sink: await agent(`sink-${i}`),
    })),
  );
  let sent = 0;
  let times: number[] = [];
  let cpuFrom = 0;
  const ticks = () => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return Number(fields[11]) + Number(fields[12]);
  };
  const percentile = (part: number) => {
    const sorted = times.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  };
  const cpuMs = () => ((ticks() - cpuFrom) / TICKS / times.length) * 1_000;
  return {
    percentile,
    cpuMs,
    forget: () => {
      times = [];
      cpuFrom = ticks();
    },
    async block() {
      await Promise.all(
        pairs.map(async ({ sender, to, sink }) => {
          for (let i = 0; i < BLOCK / SENDERS; i++) {
            const sentAt = performance.now();
            await sender.send({ to, body: `${++sent} ${BODY}` });
            times.push(performance.now() - sentAt);
            for (const { id, receipt } of (await sink.lease({ max: 1 })).deliveries)
              await sink.ack({ delivery: id, receipt });
          }
        }),
      );
    },
    report: () => {
      const [p50, p99] = [0.5, 0.99].map((part) => percentile(part).toFixed(2));
      console.log(
        `${driver.padEnd(14)} SQLite ${storage.driver?.sqlite}  send answered p50 ${p50} ms, p99 ${p99} ms; ${cpuMs().toFixed(2)} ms of processor for a message sent, leased and acked`,
      );
    },
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}
