/** The measure of how long others have to wait sees every hold of the loop, wherever it is, and nothing else. */
import { cpuMs, longestHold } from "testkit";
import { expect, test } from "vitest";

/** Keeps the processor busy. */
function busy(ms: number): void {
  for (const begun = cpuMs(); cpuMs() - begun < ms; );
}
/** A whole turn of the event loop: its timers have had theirs, wherever in a turn this was begun. */
const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

test.each<[string, () => Promise<void>]>([
  ["in the turn in which it begins", async () => busy(300)],
  [
    "in microtasks, between which nobody else has a turn",
    async () => {
      for (let n = 0; n < 3; n++) await Promise.resolve(busy(100));
    },
  ],
  [
    "in a turn in between, after another long one",
    async () => {
      busy(200);
      await turn();
      busy(300);
      await turn();
    },
  ],
  [
    "in the turn in which it ends",
    async () => {
      await turn();
      busy(300);
    },
  ],
])("a hold of 300 ms is found %s", async (_, act) => {
  const hold = await longestHold(act);
  expect(hold).toBeGreaterThanOrEqual(300);
  expect(hold).toBeLessThan(450);
});

test("work in many turns, and waiting for something else than the processor, holds nobody for long", async () => {
  const hold = await longestHold(async () => {
    for (let n = 0; n < 60; n++) {
      busy(5);
      await turn();
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  });
  expect(hold).toBeLessThan(100);
});
