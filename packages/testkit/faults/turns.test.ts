/** A run of the fault suite says what had no turn; when that was asked for by name it is a finding. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { cleanEnv } from "testkit";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { engines } from "./engines.ts";
import type { Fault } from "./fault.ts";
import { Parts } from "./parts.ts";
import { faultsInTurn } from "./turns.ts";

const PARTS = ["one", "two", "the third"].map((name) => ({ name }));

let said: string[];
beforeEach(() => {
  said = [];
  vi.spyOn(console, "log").mockImplementation((line: unknown) => void said.push(String(line)));
});
afterEach(() => vi.restoreAllMocks());

/** A fault of three parts, one in each turn; `act` is what a part does. */
function inParts(only: readonly string[] | undefined, act: (name: string) => Promise<void> | void) {
  const parts = new Parts("many", PARTS, only);
  const did: string[] = [];
  const fault: Fault = {
    name: "many",
    parts: parts.names,
    done: () => parts.isOver,
    left: () => parts.left(),
    async run({ seed }) {
      const part = parts.next(seed);
      if (part) did.push(part.name);
      await act(part?.name ?? "");
      return { rounds: 1, accepted: 0, acked: 0, found: [], notes: [] };
    },
  };
  return { fault, did };
}
const whole: Fault = {
  name: "whole",
  run: async () => ({ rounds: 1, accepted: 0, acked: 0, found: [], notes: [] }),
};
const options = { seconds: 60, seed: 0, mostAcked: Number.POSITIVE_INFINITY, byName: true };
/** Longer than there is time for all. */
const slowly = () => new Promise<void>((resolve) => setTimeout(resolve, 600));

describe("a fault in parts", () => {
  test.each([0, 1, 2, 3, 40_001])("does each once, whichever the seed %i begins with", async (seed) => {
    const { fault, did } = inParts(undefined, () => {});
    expect(await faultsInTurn([fault], { ...options, seed })).toBe(0);
    const names = PARTS.map(({ name }) => name);
    expect(did).toEqual([...names.slice(seed % 3), ...names.slice(0, seed % 3)]);
    expect(said.join("\n")).not.toContain("no turn had");
  });

  test.each<[string, string[] | undefined, string[]]>([
    ["one of them is asked for", ["many/two"], ["two"]],
    ["two are, another fault too", ["whole", "many/the-third", "many/one"], ["one", "the third"]],
    ["one is, and the fault itself", ["many", "many/two"], ["one", "two", "the third"]],
  ])("does those that are asked for when %s", async (_, only, expected) => {
    const { fault, did } = inParts(only, () => {});
    expect(await faultsInTurn([fault], options)).toBe(0);
    expect(did).toEqual(expected);
  });

  test("goes on with the next when one has thrown, and that is found", async () => {
    const { fault, did } = inParts(undefined, (name) => {
      if (name === "one") throw new Error("is broken");
    });
    expect(await faultsInTurn([fault], options)).toBe(1);
    expect(did).toHaveLength(3);
  });

  test("names those that have no turn in time; asked for by name, they are findings", async () => {
    const short = { ...options, seed: 1, seconds: 0.5 };
    expect(await faultsInTurn([inParts(["many"], slowly).fault], short)).toBe(2);
    expect(said).toContain("no turn had: many/the-third, many/one");
    expect(await faultsInTurn([inParts(["many/two", "many/one"], slowly).fault], short)).toBe(1);
    expect(said).toContain("no turn had: many/one");
    expect(await faultsInTurn([inParts(undefined, slowly).fault], { ...short, byName: false })).toBe(0);
    expect(said.filter((line) => line === "no turn had: many/the-third, many/one")).toHaveLength(2);
  });
});

test("a fault that has no turn in time, or cannot be done here, is a finding when it is asked for by name", async () => {
  const late = inParts(undefined, slowly).fault;
  expect(await faultsInTurn([late, whole], { ...options, seconds: 0.5 })).toBe(3);
  expect(said).toContain("no turn had: many/two, many/the-third, whole");
  const elsewhere: Fault = { ...whole, name: "elsewhere", missing: () => "no such machine" };
  expect(await faultsInTurn([elsewhere, whole], { ...options, seconds: 0.5 })).toBe(1);
  expect(said).toContain("no turn had: elsewhere");
  expect(await faultsInTurn([elsewhere, whole], { ...options, seconds: 0.5, byName: false })).toBe(0);
});

test("what a turn found can be done again by the name of its part and the seed of the turn", async () => {
  const found = [{ kind: "unexpected" as const, detail: "held for 900 ms" }];
  const again = ["many/two"];
  const fault: Fault = {
    name: "many",
    done: () => said.some((line) => line.includes("again")),
    run: async () => ({ rounds: 1, accepted: 0, acked: 0, found, notes: [], again }),
  };
  expect(await faultsInTurn([fault], { ...options, seed: 7 })).toBe(1);
  expect(said.map((line) => line.trim())).toContain("again: --only many/two --seed 7");
});

test("each engine has faults of its own, and one that is another's, or no engine's, is refused with what there is", () => {
  const namesOf = (faults: readonly Fault[]) => faults.map(({ name }) => name);
  const asked = { only: undefined, propertyRuns: 1 };
  for (const faults of [engines.sqlite(asked), engines.postgres(asked)]) {
    expect(new Set(namesOf(faults)).size).toBe(faults.length);
  }
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const run = (...args: readonly string[]) => {
    const all = ["--conditions=@agentmesh/source", main, ...args];
    const { status, stderr } = spawnSync(process.execPath, all, { encoding: "utf8", env: cleanEnv() });
    return { status, stderr };
  };
  const overPostgres = expect.stringContaining(`of: ${namesOf(engines.postgres(asked)).join()}`);
  expect(run("--engine", "postgres", "--only", "disk-full")).toEqual({ status: 2, stderr: overPostgres });
  const overSqlite = expect.stringContaining("--engine sqlite or postgres, --only and --skip of: kill,disk-full");
  expect(run("--engine", "oracle")).toEqual({ status: 2, stderr: overSqlite });
});
