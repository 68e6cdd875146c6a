/** The page docs/identity.md shows the tables by which the adapter decides. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Act, changeTable, endTable, startTable } from "../../src/identity/rules.ts";

const page = readFileSync(new URL("../../../../docs/identity.md", import.meta.url), "utf8");

const acts: Record<Act, string> = {
  stay: "stays",
  bind: "binds",
  "go over": "goes over",
  begin: "begins",
  "stand apart": "stands apart",
};

/** The rows of a table of the page, without its head. */
function rowsOf(table: string): string[][] {
  const [, text = ""] = new RegExp(`<!-- ${table} -->\n([\\s\\S]*?)<!-- end -->`).exec(page) ?? [];
  const rows = text.trim().split("\n").slice(2);
  return rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test("docs/identity.md shows the table of starts", () => {
  expect(rowsOf("starts")).toEqual(startTable.map(({ when, owner }) => [when, owner]));
});

test("docs/identity.md shows the table of changes", () => {
  const rows = changeTable.map(({ held, told, by, standing, act }) => [
    held,
    told,
    by?.join(", ") ?? "any",
    standing,
    acts[act],
  ]);
  expect(rowsOf("changes")).toEqual(rows);
});

test("docs/identity.md shows the table of ends", () => {
  expect(rowsOf("ends")).toEqual(endTable.map(({ held, when, fate }) => [held, when, fate]));
});
