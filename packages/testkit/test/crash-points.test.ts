/** A sample of the crash points, another with each seed; all of them are gone through by the fault crash-points. */
import { openCrashPoints, seededRandom, whyNoCrashPoints } from "testkit";
import { describe, expect, test } from "vitest";
import { crashActs } from "../faults/crash/acts.ts";
import { sweep } from "../faults/crash/sweep.ts";

const missing = whyNoCrashPoints();
const seed = Number(process.env.AGENTMESH_TEST_SEED) || Date.now() % 1_000_000;
const random = seededRandom(seed);
const one = <T>(all: readonly T[]): T[] => all.slice(Math.floor(random() * all.length)).slice(0, 1);

const [first, ...later] = crashActs;
const sample = [...(first ? [first] : []), ...one(later), ...one(later)];

describe.skipIf(missing !== undefined)(
  `an act that is ended at a step of its own${missing ? ` (${missing})` : ""}`,
  () => {
    test.each(sample.map((act) => [act.name, act] as const))(
      `loses nothing and is done by the next start: %s (AGENTMESH_TEST_SEED=${seed})`,
      async (_, act) => {
        using points = openCrashPoints();
        const outcome = await sweep([points], act, (endings) =>
          (["kill", "half", "full"] as const).flatMap((how) => one(endings.filter((each) => each.how === how))),
        );
        expect(outcome.wrong).toEqual([]);
        expect(outcome.tried).toBeGreaterThan(0);
      },
      240_000,
    );
  },
);
