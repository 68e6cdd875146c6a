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
  const slower = pace();
  expect(slower).toBeGreaterThanOrEqual(1);
  expect(slower).toBeLessThan(1_000);
});
