/** Profiles as they are kept in bench/results/profiles.json: the hot paths of some commits, each from one run. */
import { readFileSync } from "node:fs";
import * as z from "zod";

const Machine = z.object({
  ...{ processors: z.int(), model: z.string(), memoryGib: z.int(), system: z.string(), node: z.string() },
});

/** One path of one commit. */
export const PathProfile = z.object({
  id: z.string(),
  title: z.string(),
  unit: z.string(),
  /** Processor time of one, in microseconds, without the profiler: of all threads, and of the one that serves. */
  us: z.number(),
  mainUs: z.number(),
  /** Shares of the busy time of the thread that serves. */
  shares: z.record(z.string(), z.number()),
});
export type PathProfile = z.infer<typeof PathProfile>;

/** What one run found of some builds, in turn. */
export const Profiles = z.object({
  at: z.string(),
  command: z.string(),
  machine: Machine,
  loadBefore: z.number(),
  rounds: z.int(),
  builds: z.array(z.object({ commit: z.string(), paths: z.array(PathProfile) })),
});
export type Profiles = z.infer<typeof Profiles>;

/** Reads them. @throws ZodError, SyntaxError */
export function readProfiles(file: string): Profiles {
  return Profiles.parse(JSON.parse(readFileSync(file, "utf8")));
}
