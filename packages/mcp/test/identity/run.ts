/** Histories played against an engine and rules, until one breaks a promise. */
import fc, { type RunDetails } from "fast-check";
import type { Rules } from "../../src/identity/rules.ts";
import { history, type Step } from "./history.ts";
import type { Engine } from "./memory-identities.ts";
import { World } from "./world.ts";

/** What was played. */
export interface Played {
  readonly details: RunDetails<[Step[]]>;
  readonly steps: number;
  readonly counts: { accepted: number; given: number; bounced: number };
}

/** Plays. `engine` is called once per history. */
export function checkIdentities(
  engine: () => Engine,
  options: {
    readonly rules?: Rules;
    readonly numRuns: number;
    readonly seed?: number;
    readonly interruptAfterTimeLimit?: number;
  },
): Played {
  const { rules, ...terms } = options;
  let steps = 0;
  const counts = { accepted: 0, given: 0, bounced: 0 };
  const property = fc.property(history, (all) => {
    const world = new World(engine(), rules);
    for (const step of all) world.take(step);
    world.end();
    steps += all.length;
    counts.accepted += world.counts.accepted;
    counts.given += world.counts.given;
    counts.bounced += world.counts.bounced;
  });
  return { details: fc.check(property, terms), steps, counts };
}
