/** Ids and receipts: each one is new, and ids are in the order in which they were made. */
import { expect, test } from "vitest";
import { newId, someRandomBytes } from "../src/mesh/ids.ts";

test("ids are of their time, never the same, and in the order of their making, also many of one millisecond", () => {
  const before = Date.now();
  const ids = Array.from({ length: 20_000 }, () => newId("msg"));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
  for (const id of [ids[0], ids.at(-1)]) {
    expect(id).toMatch(/^msg_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
    const ms = Number.parseInt(id?.slice(4, 16) ?? "", 16);
    expect(ms).toBeGreaterThanOrEqual(before);
    expect(ms).toBeLessThanOrEqual(Date.now());
  }
});

test("random bytes are given once, over the end of what was drawn together, too", () => {
  const given = Array.from({ length: 2_000 }, () => someRandomBytes(12).toString("base64url"));
  expect(new Set(given).size).toBe(given.length);
  expect(given.every((each) => each.length === 16)).toBe(true);
  // As many ones as there should be among 192,000 bits, within six standard deviations.
  const ones = given.reduce(
    (sum, each) =>
      sum + [...Buffer.from(each, "base64url")].reduce((n, byte) => n + byte.toString(2).replaceAll("0", "").length, 0),
    0,
  );
  expect(Math.abs(ones - 96_000)).toBeLessThan(1_315);
});
