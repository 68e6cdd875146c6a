/** Another program holds the database: waited for, then refused with 503, and nothing forgotten. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { startTestBroker, until } from "testkit";
import type { FaultKind } from "./bounds.ts";
import { Expectations, type Fault, sleep } from "./fault.ts";
import { once, registers } from "./once.ts";
import { loadOn, QUICK, type Site } from "./under-load.ts";

/** The broker waits 5 s for a lock; a write that comes then must be refused soon after. */
const REFUSED_AFTER_MS = 5_000;
const REFUSED_WITHIN_MS = 12_000;
const FOUND_AGAIN_MS = 10_000;

/** An outsider's lock that outlasts the broker's patience. */
async function lockedLong({ broker, expectations }: Site, release: () => void): Promise<void> {
  const began = performance.now();
  const answer = await Promise.race([once(registers, broker), sleep(REFUSED_WITHIN_MS).then(() => "nothing")]);
  const ms = Math.round(performance.now() - began);
  release();
  expectations.expect(
    answer === "store_unavailable",
    `a write was answered ${answer} after ${ms} ms of an outside lock`,
  );
  expectations.notes.push(`a write under an outside lock was answered ${answer} after ${ms} ms`);
  await until(async () => (await once(registers, broker)) === "ok", "a write after the lock", 60_000);
}

/** A delivery becomes due while the database is held: its stream must get it when the database is free again. */
async function dueMeanwhile(all: Expectations): Promise<void> {
  // A broker of its own: any other write would take its place in the queue.
  await using broker = await startTestBroker({ env: QUICK });
  const alice = await broker.agent("due-sender");
  const bob = await broker.agent("due-receiver");
  const over = new AbortController();
  const inbox = bob.client.inbox({ signal: over.signal });
  const first = inbox.next();
  await alice.client.send({ to: "due-receiver", body: "comes again in a second" });
  await (await first).value?.nack({ delayMs: 1_000 });
  const database = new DatabaseSync(join(broker.home, "mesh.db"), { timeout: 5_000 });
  try {
    database.exec("BEGIN IMMEDIATE");
    await sleep(2 * REFUSED_AFTER_MS + 3_000); // so long that the attempt when it is due is refused too
  } finally {
    database.close();
  }
  const again = await Promise.race([inbox.next(), sleep(FOUND_AGAIN_MS).then(() => undefined)]);
  all.expect(
    again?.value !== undefined,
    `a delivery that became due under an outside lock is not leased ${FOUND_AGAIN_MS} ms after it, though its stream is open`,
  );
  await again?.value?.ack();
  over.abort();
}

/** Another program holds the write lock: longer than the broker waits for it, then twice shorter; then as above. */
export const outsideLock: Fault = {
  name: "outside-lock",
  async run(turn) {
    await using broker = await startTestBroker({ env: QUICK });
    const outcome = await loadOn(broker, turn, {
      act: async (site, round) => {
        await sleep(200 + site.random() * 300);
        const database = new DatabaseSync(join(site.broker.home, "mesh.db"), { timeout: 5_000 });
        const over = site.workload.history.fault("outside lock" satisfies FaultKind);
        const release = () => {
          database.exec("ROLLBACK");
          over();
        };
        try {
          database.exec("BEGIN IMMEDIATE");
          if (round % 3 === 0) await lockedLong(site, release);
          else {
            await sleep(200 + site.random() * 2_000);
            release();
          }
        } finally {
          database.close();
        }
      },
      rounds: 3,
      maxGapMs: 30_000,
    });
    const all = new Expectations();
    await dueMeanwhile(all);
    return { ...outcome, rounds: outcome.rounds + 1, found: [...outcome.found, ...all.found] };
  },
};
