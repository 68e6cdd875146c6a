/** What is short in `pnpm test` is whole in `pnpm test:thorough`. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { inShort } from "../../../vitest.thorough.ts";
import { thoroughOnly } from "../../../vitest.workspace.ts";
import { sampleOf } from "../src/thorough.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const found = (patterns: string | string[]) =>
  globSync(patterns, { cwd: root, exclude: (path) => path.includes("node_modules") }).sort();

const inPackages = (pattern: string) => `packages/*${pattern.replace("**", "")}`;

test("what is left to it is there under the name that it is left by", () => {
  expect([...thoroughOnly, ...inShort].filter((pattern) => found(inPackages(pattern)).length === 0)).toEqual([]);
});

test("every test file that does something fewer times there is among those that do all of it", () => {
  const shortened = found("packages/*/test/**/*.test.ts").filter((path) =>
    /import \{[^}]*\b(?:times|sampleOf|thorough)\b[^}]*\} from "testkit"|\bdriversOfRun\b.* from ".*\/drivers\.ts"/.test(
      readFileSync(join(root, path), "utf8"),
    ),
  );
  expect(shortened.length).toBeGreaterThan(0);
  const whole = found([...inShort, ...thoroughOnly].map(inPackages));
  expect(whole).toEqual(expect.arrayContaining(shortened));
});

test("a sample is as many as were asked for, in their order, the same by the same seed, and everybody's turn comes", () => {
  const all = Array.from({ length: 12 }, (_, n) => n);
  const taken = new Set<number>();
  for (let seed = 0; seed < 100; seed++) {
    const few = sampleOf(all, 3, { whole: false, seed });
    expect(few).toHaveLength(3);
    expect(few).toEqual([...few].sort((a, b) => a - b));
    expect(sampleOf(all, 3, { whole: false, seed })).toEqual(few);
    for (const each of few) taken.add(each);
  }
  expect(taken.size).toBe(all.length);
  expect(sampleOf(all, 3, { whole: true, seed: 1 })).toEqual(all);
  expect(sampleOf(all.slice(0, 2), 3, { whole: false, seed: 1 })).toEqual([0, 1]);
});
