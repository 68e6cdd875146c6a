/** The promises of the mesh, held against the Postgres engine under one broker and under several. */
import { TimelineEvent } from "@agentmesh/protocol";
import fc from "fast-check";
import { packagedPostgres, times } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkWorlds } from "../run.ts";
import { brokerCommands } from "./commands.ts";
import { type PropertyServer, propertyServer } from "./server.ts";
import { PostgresWorld } from "./world.ts";

const { AGENTMESH_PROPERTY_RUNS: runs, AGENTMESH_PROPERTY_SEED: seed } = process.env;
const wanted = Number(runs ?? times(8, 4));
/** In fewer runs some events may not have happened by chance. */
const ENOUGH_FOR_ALL = 300;
/** Far more than it takes; the seed of a failure replays it. */
const timeLimitMs = Math.max(180_000, wanted * 10_000);
const version = packagedPostgres();

describe.skipIf(version.whyNot !== undefined)(`the engine over ${version.name} (${version.whyNot ?? "here"})`, () => {
  let server: PropertyServer | undefined;
  beforeAll(async () => {
    server = await propertyServer(version);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });

  test.each([1, 3])(
    "keeps every promise under any commands in any order, as seen from outside, with %d brokers",
    async (brokers) => {
      const numRuns = Math.ceil(wanted / 2);
      const began = performance.now();
      const { details, steps, events } = await checkWorlds(
        async () => {
          if (!server) throw new Error("Postgres was not started");
          return PostgresWorld.begin(await server.lend(), brokers);
        },
        fc.constant(0),
        { numRuns, ...(seed !== undefined && { seed: Number(seed) }), interruptAfterTimeLimit: timeLimitMs },
        [],
        brokerCommands,
      );
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      console.log(`${brokers} brokers: ${details.numRuns} runs, ${steps} steps, ${seconds} s, seed ${details.seed}`);
      if (details.failed) {
        throw new Error(
          `replay with AGENTMESH_PROPERTY_SEED=${details.seed}\n${await fc.asyncDefaultReportMessage(details)}\n${details.errorInstance}`,
        );
      }
      expect(details.numRuns).toBe(numRuns);
      if (numRuns < ENOUGH_FOR_ALL) return;
      // What never happened was not checked.
      const never = [...TimelineEvent.options, "retained", "bounce", "nudge"].filter((event) => !events.has(event));
      expect(never).toEqual([]);
    },
    2 * timeLimitMs,
  );
});
