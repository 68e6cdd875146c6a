/** Pieces in which events reach a browser: at once where little happens, and more rarely the longer much happens. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Gathering } from "../src/sinks/gathering.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What was written, each piece with its time. */
function gathering() {
  const pieces: { at: number; texts: number }[] = [];
  const begun = Date.now();
  const own = new Gathering((text) => pieces.push({ at: Date.now() - begun, texts: text.length }), [250, 1_000, 2_000]);
  /** Adds texts of one character, evenly within a time. */
  const come = (count: number, ms: number) => {
    for (let n = 0; n < count; n++) {
      own.add(".");
      vi.advanceTimersByTime(ms / count);
    }
  };
  return { own, pieces, come };
}

test("where little happens what comes first is written at once, and what follows within a quarter of a second", () => {
  const { pieces, come } = gathering();
  come(5, 1_000);
  expect(pieces).toEqual([
    { at: 0, texts: 1 },
    { at: 250, texts: 1 },
    { at: 500, texts: 1 },
    { at: 750, texts: 1 },
    { at: 1_000, texts: 1 },
  ]);
});

test("pieces of much that happens are of a second, then of two, and little that happens is written at once again", () => {
  const { pieces, come } = gathering();
  come(600, 6_000);
  expect(pieces.map(({ at }) => at)).toEqual([0, 250, 1_250, 3_250, 5_250]);
  expect(pieces.at(-1)?.texts).toBe(200);
  vi.advanceTimersByTime(10_000);
  // What waited for the end of its rest was much, too; then nothing came.
  come(2, 500);
  expect(pieces.slice(5).map(({ at }) => at)).toEqual([7_250, 16_000, 16_250]);
});

test("a burst holds back what follows for a second, and no longer when little follows", () => {
  const { pieces, come } = gathering();
  come(30, 240);
  come(1, 760);
  come(2, 500);
  vi.advanceTimersByTime(5_000);
  expect(pieces.map(({ at }) => at)).toEqual([0, 250, 1_250, 1_500]);
});

test("as much as fills a piece is written before its time, and what was begun is written to its end", () => {
  const { own, pieces } = gathering();
  own.add(".");
  own.add("x".repeat(98_304));
  expect(pieces).toEqual([
    { at: 0, texts: 1 },
    { at: 0, texts: 98_304 },
  ]);
  own.add(".");
  expect(own.flush()).toBe(true);
  expect(own.flush()).toBe(false);
  own.add(".");
  own.end();
  vi.advanceTimersByTime(5_000);
  expect(pieces).toHaveLength(3);
});
