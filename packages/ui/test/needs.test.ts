/** Which rows the needs are. */
import type { Need } from "@agentmesh/protocol";
import { expect, test } from "vitest";
import { rowsOf } from "../src/needs/rows.ts";

const need = (kind: string, n: number) => ({ kind, key: `${kind}/${n}` }) as Need;

test("needs of a kind stand together, and where there are more of it than were given, a row says how many", () => {
  const [one, two, other] = [need("dead", 1), need("dead", 2), need("of_tomorrow", 1)];
  expect(rowsOf([one, two, other], { dead: 400, of_tomorrow: 1 })).toEqual([
    { need: one },
    { need: two },
    { more: 398, kind: "dead" },
    { need: other },
  ]);
  expect(rowsOf([], {})).toEqual([]);
});
