/** What is short in `pnpm test` is whole in `pnpm test:thorough`. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { inShort } from "../../../vitest.thorough.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const found = (patterns: string | string[]) =>
  globSync(patterns, { cwd: root, exclude: (path) => path.includes("node_modules") }).sort();

test("every test file that does something fewer times there is among those that do all of it", () => {
  const shortened = found("packages/*/test/**/*.test.ts").filter((path) =>
    /import \{[^}]*\btimes\b[^}]*\} from "testkit"/.test(readFileSync(join(root, path), "utf8")),
  );
  expect(shortened.length).toBeGreaterThan(0);
  const whole = found(inShort.map((pattern) => `packages/*${pattern.replace("**", "")}`));
  expect(whole).toEqual(expect.arrayContaining(shortened));
});
