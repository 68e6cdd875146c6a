/** docs/security.md names tests: each of them has to be there. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const page = readFileSync(`${root}docs/security.md`, "utf8");

/** Rows of the page's tables, each with its cells. */
const rows = page
  .split("\n")
  .filter((line) => /^\| S\d/.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim()));

const sources = globSync("packages/*/test/**/*.test.ts", { cwd: root })
  .map((path) => readFileSync(`${root}${path}`, "utf8"))
  .join("\n");

/** Whether a test has this name, all of it: no comment, no part of a name, none that never runs. */
function isTest(text: string, name: string): boolean {
  return new RegExp(`(?<!\\.(?:skip|todo|fails))\\(\\s*(["'\`])${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\1`).test(
    text,
  );
}

test("a comment, a part of a name and a test that never runs are no test of that name", () => {
  for (const text of [
    'test("it holds", () => {',
    "test.each([1])(\n  `it holds`,",
    "  test.skipIf(why)('it holds', {",
  ]) {
    expect(isTest(text, "it holds"), text).toBe(true);
  }
  for (const text of [
    "// it holds",
    'says("and it holds")',
    'test("it holds fast")',
    'test.skip("it holds")',
    'test.todo("it holds")',
  ]) {
    expect(isTest(text, "it holds"), text).toBe(false);
  }
});

test("every threat of the list has a row, and every row a test that there is, or a reason why it has none", () => {
  const threats = rows.flatMap(([, numbers = ""]) => numbers.split(", "));
  expect(new Set(threats)).toEqual(new Set(Array.from({ length: 51 }, (_, n) => `S${n + 1}`)));
  for (const [, numbers, , against, named = ""] of rows) {
    const name = /^`(.+)`$/.exec(named)?.[1];
    if (name === undefined) expect(against, numbers).toBe("there is none");
    else expect(isTest(sources, name), `${numbers}: ${name}`).toBe(true);
  }
});

test("what would stop the mesh has a test for each kind", () => {
  const kinds = (page.split("## What would stop the mesh for everybody")[1] ?? "")
    .split("\n")
    .filter((line) => /^\| [a-z]/.test(line) && !line.startsWith("| kind |"))
    .map((line) => /^\| (.+?) \|.*\| `(.+)` \|$/.exec(line));
  expect(kinds.length).toBeGreaterThan(10);
  for (const kind of kinds) expect(isTest(sources, kind?.[2] ?? "no test"), kind?.[1]).toBe(true);
});
