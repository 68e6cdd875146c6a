/** The promises of the mesh, held against the SQLite engine: any commands in any order, seen from outside. */
import { TimelineEvent } from "@agentmesh/protocol";
import fc from "fast-check";
import { times } from "testkit";
import { describe, expect, test } from "vitest";
import type { Driver } from "../../src/store/sqlite/driver/database.ts";
import { drivers } from "../store/drivers.ts";
import { checkEngine } from "./run.ts";
import { soundEngine } from "./sqlite-world.ts";

const { AGENTMESH_PROPERTY_RUNS: runs, AGENTMESH_PROPERTY_SEED: seed } = process.env;
const wanted = Number(runs ?? times(300, 60));
/** In fewer runs some events may not have happened by chance. */
const ENOUGH_FOR_ALL = 300;
/** Far more than it takes; the seed of a failure replays it. */
const timeLimitMs = Math.max(180_000, wanted * 1_200);
const [first, own] = drivers;

/** Of each driver: how it is used, and in what part of the runs. */
const ways: [how: string, drivers: readonly Driver[], part: number][] = [
  ["better-sqlite3", first ? [first] : [], 1],
  ["Node's own, and at each clean restart the other", own && first ? [own, first] : [], 1 / 3],
];

describe("the SQLite engine under any commands in any order", () => {
  test.each(ways)(
    "keeps every promise, as seen from outside, over %s",
    async (_, by, part) => {
      const numRuns = Math.ceil(wanted * part);
      const began = performance.now();
      const { details, steps, events } = await checkEngine(
        () => soundEngine,
        { numRuns, ...(seed !== undefined && { seed: Number(seed) }), interruptAfterTimeLimit: timeLimitMs },
        [],
        by,
      );
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      console.log(`${details.numRuns} runs, ${steps} steps, ${seconds} s, seed ${details.seed}`);
      if (details.failed) {
        throw new Error(
          `replay with AGENTMESH_PROPERTY_SEED=${details.seed}\n${await fc.asyncDefaultReportMessage(details)}\n${details.errorInstance}`,
        );
      }
      expect(details.numRuns).toBe(numRuns);
      if (wanted < ENOUGH_FOR_ALL) return;
      // What never happened was not checked.
      const never = [...TimelineEvent.options, "retained", "bounce", "nudge"].filter((event) => !events.has(event));
      expect(never).toEqual([]);
    },
    timeLimitMs + 30_000,
  );
});
