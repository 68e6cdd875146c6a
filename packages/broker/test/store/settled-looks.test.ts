/** Looks that a flush lets go of at once: a few are answered in a turn of the event loop, in their order. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { SettledLooks } from "../../src/store/sqlite/commits/settled-looks.ts";

/** What an answer takes: more than half of the time of a turn. */
const EACH_MS = 1.5;

function work(): void {
  const until: number = performance.now() + EACH_MS;
  while (performance.now() < until);
}

async function answered(count: number, answer: () => Promise<void>): Promise<number[][]> {
  const looks = new SettledLooks();
  const turns: number[][] = [[]];
  const all = Array.from({ length: count }, async (_, n) => {
    await looks.turn();
    await answer();
    work();
    turns.at(-1)?.push(n);
  });
  let isOver = false;
  const whole = Promise.all(all).then(() => {
    isOver = true;
  });
  while (!isOver) {
    await nextTurn();
    turns.push([]);
  }
  await whole;
  return turns.filter((turn) => turn.length > 0);
}

/** What becomes of a look goes through promises of its own before it takes its time. */
const ways: [name: string, answer: () => Promise<void>][] = [
  ["at once", async () => {}],
  [
    "after promises",
    async () => {
      for (let n = 0; n < 20; n++) await undefined;
    },
  ],
];

test.each(ways)(
  "a crowd that goes on %s has a few of a turn, one after the other, and nobody is forgotten",
  async (_, answer) => {
    const turns = await answered(30, answer);
    // Two in the time of a turn; where the next one's begins in the same turn as this test counts them, four.
    expect(Math.max(...turns.map(({ length }) => length))).toBeLessThanOrEqual(4);
    expect(turns.flat()).toEqual(Array.from({ length: 30 }, (_, n) => n));
  },
);

test("who comes alone is answered at once, and so is the next one of another turn", async () => {
  const looks = new SettledLooks();
  for (let n = 0; n < 3; n++) {
    let isAnswered = false;
    void looks.turn().then(() => {
      isAnswered = true;
      work();
    });
    await Promise.resolve().then(() => undefined);
    expect(isAnswered).toBe(true);
    await nextTurn();
    await nextTurn();
  }
});

test("who comes when a turn has had its time waits for the next one", async () => {
  const looks = new SettledLooks();
  await looks.turn();
  work();
  work();
  let isAnswered = false;
  const later = looks.turn().then(() => {
    isAnswered = true;
  });
  await Promise.resolve().then(() => undefined);
  expect(isAnswered).toBe(false);
  await later;
});
