/** A bound by the wall holds on a quiet machine as it is written, on a busy one as much longer as that makes everything. */
import { assertInTime } from "testkit";
import { expect, test } from "vitest";
import { pace } from "../src/pace.ts";

test("what is within its bound is never measured; what is beyond it fails on a quiet machine and on one that is not that slow", () => {
  assertInTime(999, 1_000, () => {
    throw new Error("measured");
  });
  assertInTime(3_900, 1_000, () => 4);
  expect(() => assertInTime(1_000, 1_000, () => 1)).toThrow("took 1000 ms, and may take 1000");
  expect(() => assertInTime(4_100, 1_000, () => 4)).toThrow("4.0 times slower");
});

test("a machine is measured as quiet or slower, never as faster", () => {
  expect(pace()).toBeGreaterThanOrEqual(1);
  expect(pace(() => 0.5)).toBe(1);
});

test("one slow look of three is not the machine, and beyond ten times slower no bound stretches further", () => {
  const looks = [1.5, 90, 3];
  expect(pace(() => looks.shift() ?? 0)).toBe(2);
  expect(pace(() => Number.POSITIVE_INFINITY)).toBe(10);
});
