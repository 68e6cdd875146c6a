/**
 * `pnpm bench`: how long a send takes to be on disk and to be pushed, and how many a broker accepts. Built packages.
 * Arguments are settings of the broker: `pnpm bench --sqlite-driver node-sqlite`.
 */
import { cpus } from "node:os";
import { startBuiltBroker } from "./built-broker.ts";

const ONE_BY_ONE = 500;
const SENDERS = 64;
const PARALLEL_FOR_MS = 5_000;
const BODY = "x".repeat(1_024);

await using broker = await startBuiltBroker(process.argv.slice(2));
const { admin, startMs } = broker;
const agent = async (name: string) => broker.client((await admin.register({ name })).token ?? "");

console.log(`machine    ${cpus().length} × ${cpus()[0]?.model.trim()}, ${process.platform}, Node ${process.version}`);
console.log(`broker     synchronous=FULL, body ${BODY.length} bytes, client and broker share the machine`);
const { driver } = (await admin.status()).storage;
console.log(`database   ${driver?.name}, SQLite ${driver?.sqlite}`);
console.log(`start      spawn → announced ${startMs.toFixed(0)} ms`);

const alice = await agent("alice");
const bob = await agent("bob");
const session = await bob.join();
const inbox = session.inbox();
const stored: number[] = [];
const pushed: number[] = [];
for (let i = 0; i < ONE_BY_ONE; i++) {
  const next = inbox.next();
  const sentAt = performance.now();
  const answered = alice.send({ to: "bob", body: `${i} ${BODY}` }).then(() => stored.push(performance.now() - sentAt));
  const { value } = await next;
  pushed.push(performance.now() - sentAt);
  await Promise.all([answered, value?.ack()]);
}
await session.leave();
report("one sender, answered (on disk)", stored);
report("one sender, pushed into a stream", pushed);

const senders = await Promise.all(Array.from({ length: SENDERS }, (_, i) => agent(`sender-${i}`)));
await Promise.all(Array.from({ length: SENDERS }, (_, i) => agent(`sink-${i}`)));
const endsAt = performance.now() + PARALLEL_FOR_MS;
const times: number[] = [];
await Promise.all(
  senders.map(async (sender, i) => {
    while (performance.now() < endsAt) {
      const sentAt = performance.now();
      await sender.send({ to: `sink-${i}`, body: `${times.length} ${BODY}` });
      times.push(performance.now() - sentAt);
    }
  }),
);
console.log(`${SENDERS} senders  ${Math.round(times.length / (PARALLEL_FOR_MS / 1_000))} messages/s accepted`);
report(`${SENDERS} senders, answered (on disk)`, times);

function report(what: string, times: number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(2);
  console.log(`${what.padEnd(36)} n=${times.length}  p50 ${at(0.5)} ms  p99 ${at(0.99)} ms  max ${at(1)} ms`);
}
