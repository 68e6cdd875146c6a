/** The observer is worth what it catches: engines with one broken promise each must not survive a few runs. */
import { sampleOf, sampleSeed } from "testkit";
import { afterAll, describe, expect, test } from "vitest";
import type { CommandKind } from "../command-kind.ts";
import { BrokenPromise } from "../promises.ts";
import { checkEngine } from "../run.ts";
import type { Mutant } from "./mutant.ts";

/** Fixed, so that the count of runs says something about the suite and not about luck. */
const seed = Number(process.env.AGENTMESH_PROPERTY_SEED ?? 20261122);
const MOST_RUNS = 120;
/** CI takes a third of each noun's, others each time: it has 20 minutes, in which all that there are do not fit any more. */
const isPart = process.env.AGENTMESH_PART_OF_MUTANTS === "1";
/** A bound on the runs is one on the time, but not on a machine that does other things. */
const LONG_ENOUGH_MS = 240_000;

/** Defines one test for each mutant: it is caught, by a promise it broke, with the commands of its noun more often. */
export function catchAll(of: string, mutants: readonly Mutant[], kinds: readonly CommandKind[]): void {
  describe(`an engine that breaks a promise about ${of} is caught`, () => {
    const caught: string[] = [];

    const ofNoun = kinds.map(({ name }) => name);
    const tried = sampleOf(mutants, Math.ceil(mutants.length / 3), { whole: !isPart, seed: sampleSeed() });

    test.each(tried)(
      "$name",
      async ({ name, engine, often = ofNoun }) => {
        const { details, steps } = await checkEngine(engine, { seed, numRuns: MOST_RUNS, endOnFailure: true }, often);
        const { errorInstance, numRuns } = details;
        expect(details.failed, `"${name}" survived ${numRuns} runs, ${steps} steps (seed ${seed})`).toBe(true);
        if (!(errorInstance instanceof BrokenPromise)) throw errorInstance;
        caught.push(`${String(numRuns).padStart(3)} runs  ${name}: ${errorInstance.promise}`);
      },
      LONG_ENOUGH_MS,
    );

    afterAll(() =>
      console.log(`${caught.length} of ${tried.length} mutants caught, seed ${seed}\n${caught.sort().join("\n")}`),
    );
  });
}
