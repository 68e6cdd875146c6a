/** docs/reliability.md says of every scenario which test shows it, and the tests are there. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Scenario, behaviour and file of each row of the table. */
function rows(): [string, string, string][] {
  let scenario = "";
  const table = readFileSync(join(root, "docs/reliability.md"), "utf8").split("## Scenarios")[1] ?? "";
  return [...table.matchAll(/^\| *(T\d+)? *\| (.+) \| (\S+\.ts).* \|$/gm)].map(
    ([, number, behaviour = "", file = ""]) => {
      scenario = number ?? scenario;
      return [scenario, behaviour, file];
    },
  );
}

/** Scenario, behaviour and file of each test that names a scenario. */
function named(): [string, string, string][] {
  const folders = readdirSync(join(root, "packages"))
    .map((name) => `${name}/test`)
    .filter((folder) => existsSync(join(root, "packages", folder)));
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, "packages", folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}/${name}`),
  );
  return files.flatMap((file) => {
    const text = readFileSync(join(root, "packages", file), "utf8");
    return [...text.matchAll(/test\(\s*"(.+) \((T\d+(?:, T\d+)*)\)"/g)].flatMap(([, behaviour = "", numbers = ""]) =>
      numbers.split(", ").map((number): [string, string, string] => [number, behaviour, file]),
    );
  });
}

const sorted = (list: readonly string[][]) => list.map((each) => each.join(" | ")).sort();

test("the table of scenarios and the names of tests agree", () => {
  const inTests = rows().filter(([, , file]) => file.includes("/test/"));
  expect(sorted(inTests)).toEqual(sorted(named()));
});
