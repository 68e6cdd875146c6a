/** The promises of the mesh, held against the SQLite engine: any commands in any order, seen from outside. */
import { TimelineEvent } from "@agentmesh/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkEngine } from "./run.ts";
import { soundEngine } from "./world.ts";

const { AGENTMESH_PROPERTY_RUNS: runs, AGENTMESH_PROPERTY_SEED: seed } = process.env;
const numRuns = Number(runs ?? 300);
/** Far more than it takes; the seed of a failure replays it. */
const timeLimitMs = Math.max(180_000, numRuns * 600);

describe("the SQLite engine under any commands in any order", () => {
  test(
    "keeps every promise, as seen from outside",
    async () => {
      const began = performance.now();
      const { details, steps, events } = await checkEngine(() => soundEngine, {
        numRuns,
        ...(seed !== undefined && { seed: Number(seed) }),
        interruptAfterTimeLimit: timeLimitMs,
      });
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      console.log(`${details.numRuns} runs, ${steps} steps, ${seconds} s, seed ${details.seed}`);
      if (details.failed) {
        throw new Error(
          `replay with AGENTMESH_PROPERTY_SEED=${details.seed}\n${await fc.asyncDefaultReportMessage(details)}\n${details.errorInstance}`,
        );
      }
      expect(details.numRuns).toBe(numRuns);
      // What never happened was not checked.
      const never = [...TimelineEvent.options, "retained", "bounce", "nudge"].filter((event) => !events.has(event));
      expect(never).toEqual([]);
    },
    timeLimitMs + 30_000,
  );
});
