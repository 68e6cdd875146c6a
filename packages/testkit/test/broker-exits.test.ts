/** The broker's exit codes: the help and docs/operations.md say each of the one table, and which of them last. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brokerExitRows, brokerExits } from "@agentmesh/protocol";
import { runProgram } from "testkit";
import { expect, test } from "vitest";

const page = readFileSync(fileURLToPath(new URL("../../../docs/operations.md", import.meta.url)), "utf8");
const chapter = /^## Exit codes of agentmesh-broker\n([\s\S]*?)^## /m.exec(page)?.[1] ?? "";

test("docs/operations.md has a row for each exit code of the broker, and names those that last", () => {
  const rows = [...chapter.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(rows).toEqual(brokerExitRows.map(({ code }) => code));
  const [, lasting = ""] = /A start that ended with ([\d, or]+) cannot/.exec(chapter) ?? [];
  const last = brokerExitRows.filter(({ lasts }) => lasts).map(({ code }) => code);
  expect([...lasting.matchAll(/\d+/g)].map(([code]) => Number(code))).toEqual(last);
});

test("the broker's help has each of its exit codes, and a start with bad settings ends with its own", async () => {
  const { stdout } = await runProgram("broker", ["--help"]);
  for (const { code, meaning } of brokerExitRows) expect(stdout).toMatch(new RegExp(`^ +${code} +${meaning}$`, "m"));
  const { code } = await runProgram("broker", ["--no-such-setting"]);
  expect(code).toBe(brokerExits.settings.code);
});
