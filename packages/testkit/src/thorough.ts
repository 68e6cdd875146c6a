/** How much is tried of what could be tried for ever: a short form in `pnpm test`, all of it in `pnpm test:thorough`. */
import { seededRandom } from "./random.ts";

/** Whether this is `pnpm test:thorough`. */
export const thorough = process.env.AGENTMESH_THOROUGH === "1";

/** The count in `pnpm test:thorough`, or the smaller one that every other run has. */
export function times(whole: number, short: number): number {
  return thorough ? whole : short;
}

/** What decides which members a run takes: made once per run (`programs/build.ts`), said where a test fails. */
export function sampleSeed(): number {
  return Number(process.env.AGENTMESH_SAMPLE ?? 1);
}

/** A few members of one kind, others in each run, in their order; all of them in `pnpm test:thorough`. */
export function sampleOf<T extends unknown[] | [unknown]>(members: readonly T[], few: number, by?: SampleBy): T[];
export function sampleOf<T>(members: readonly T[], few: number, by?: SampleBy): T[];
export function sampleOf<T>(
  members: readonly T[],
  few: number,
  by: SampleBy = { whole: thorough, seed: sampleSeed() },
): T[] {
  if (by.whole) return [...members];
  const random = seededRandom(by.seed * 31 + members.length);
  let left = few;
  return members.filter((_, at) => {
    const taken = random() * (members.length - at) < left;
    if (taken) left--;
    return taken;
  });
}

/** Whether all are taken, and which else. */
export interface SampleBy {
  readonly whole: boolean;
  readonly seed: number;
}
