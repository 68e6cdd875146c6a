/** Which rows the needs are. */
import type { Need } from "@agentmesh/protocol";
import { countedTo, MAX_NEEDS_OF_A_KIND, needsCounted } from "@agentmesh/protocol";
import { expect, test } from "vitest";
import { hasNew } from "../src/needs/fresh.ts";
import { rowsOf } from "../src/needs/rows.ts";

const need = (kind: string, n: number) => ({ kind, key: `${kind}/${n}` }) as Need;

test("needs of a kind stand together, and where there are more of it than were given, a row says how many", () => {
  const [one, two, other] = [need("dead", 1), need("dead", 2), need("of_tomorrow", 1)];
  expect(rowsOf([one, two, other], { dead: 400, of_tomorrow: 1 })).toEqual([
    { need: one },
    { need: two },
    { more: "398", kind: "dead" },
    { need: other },
  ]);
  expect(rowsOf([], {})).toEqual([]);
});

test("a number that is not counted to its end is not shown as exact", () => {
  expect(rowsOf([need("dead", 1)], { dead: MAX_NEEDS_OF_A_KIND })).toContainEqual({ more: "999+", kind: "dead" });
  expect([12, 999, 1_000].map((n) => countedTo(MAX_NEEDS_OF_A_KIND, n))).toEqual(["12", "999", "1000+"]);
  expect(needsCounted({ dead: 999, held: 3 })).toEqual({ count: 1_002, text: "1002" });
  expect(needsCounted({ dead: 1_000, held: 3 })).toEqual({ count: 1_003, text: "1003+" });
});

test("something new is told from what was there: by itself where all of its kind are held, else by how many there are", () => {
  const list = [need("dead", 1), need("dead", 2), need("held", 1)];
  const before = { needs: list, counts: { dead: 40, held: 1 } };
  expect(hasNew(before, before)).toBe(false);
  // The second ended, and the third came into sight that had waited before.
  expect(hasNew(before, { needs: [need("dead", 1), need("dead", 3)], counts: { dead: 39 } })).toBe(false);
  expect(hasNew(before, { needs: list, counts: { dead: 41, held: 1 } }), "behind those in sight").toBe(true);
  expect(hasNew(before, { needs: [need("held", 2)], counts: { held: 1 } }), "in place of another").toBe(true);
  // All of a kind were asked for.
  const opened = { needs: Array.from({ length: 40 }, (_, n) => need("dead", n + 1)), counts: { dead: 40 } };
  expect(hasNew(before, opened)).toBe(false);
});
