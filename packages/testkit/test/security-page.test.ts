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

test("every threat of the list has a row, and every row a test that there is, or a reason why it has none", () => {
  const threats = rows.flatMap(([, numbers = ""]) => numbers.split(", "));
  expect(new Set(threats)).toEqual(new Set(Array.from({ length: 50 }, (_, n) => `S${n + 1}`)));
  for (const [, numbers, , against, named = ""] of rows) {
    const name = /^`(.+)`$/.exec(named)?.[1];
    if (name === undefined) expect(against, numbers).toBe("there is none");
    else expect(sources.includes(name), `${numbers}: ${name}`).toBe(true);
  }
});

test("what would stop the mesh has a test for each kind", () => {
  const kinds = (page.split("## What would stop the mesh for everybody")[1] ?? "")
    .split("\n")
    .filter((line) => /^\| [a-z]/.test(line) && !line.startsWith("| kind |"))
    .map((line) => /^\| (.+?) \|.*\| `(.+)` \|$/.exec(line));
  expect(kinds.length).toBeGreaterThan(10);
  for (const kind of kinds) expect(sources.includes(kind?.[2] ?? "no test"), kind?.[1]).toBe(true);
});
