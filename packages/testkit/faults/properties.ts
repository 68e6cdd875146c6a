/** The property suites as stages: any commands in any order, with other seeds than the ordinary tests. */

import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cleanEnv } from "testkit";
import * as z from "zod";
import type { Fault, Found } from "./fault.ts";

/** The suites: the store of each engine under any commands, and whose mailbox a session has under any history. */
const PROGRAMS = {
  sqlite: "property-runs.ts",
  postgres: "postgres-property-runs.ts",
  identity: "identity-runs.ts",
} as const;
const Answer = z.object({ runs: z.int(), steps: z.int(), report: z.string().optional() });

async function child(
  suite: keyof typeof PROGRAMS,
  seed: number,
  runs: number,
  ms: number,
): Promise<z.infer<typeof Answer>> {
  const program = fileURLToPath(new URL(PROGRAMS[suite], import.meta.url));
  const args = ["--conditions=@agentmesh/source", program, String(seed), String(runs), String(Math.round(ms))];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: cleanEnv(), maxBuffer: 1 << 26 });
  return Answer.parse(JSON.parse(stdout));
}

/** Up to `most` runs in all turns together, as many at a time as there are processors. */
export function properties(suite: keyof typeof PROGRAMS, most: number): Fault {
  let runs = 0;
  let steps = 0;
  return {
    name: suite === "identity" ? suite : "properties",
    turnMs: 60_000,
    done: () => runs >= most,
    summary: () => `${runs} of ${most} runs, ${steps} steps`,
    async run(turn) {
      const ms = Math.max(1_000, turn.until - performance.now());
      const children = Math.min(availableParallelism(), most - runs);
      const share = Math.ceil((most - runs) / children);
      const answers = await Promise.all(
        Array.from({ length: children }, (_, i) =>
          child(suite, turn.seed + i, Math.min(share, most - runs - i * share), ms),
        ),
      );
      const before = runs;
      const found: Found[] = [];
      for (const answer of answers) {
        runs += answer.runs;
        steps += answer.steps;
        if (answer.report !== undefined) found.push({ kind: "unexpected", detail: answer.report });
      }
      return { rounds: runs - before, accepted: 0, acked: 0, longestGapMs: 0, notes: [], found };
    },
  };
}
