/** Whose mailbox, under any history: nobody is ever given what was sent to another conversation. */
import { join } from "node:path";
import fc from "fast-check";
import { tempDir } from "testkit";
import { expect, test } from "vitest";
import { type Engine, fileEngine, memoryEngine } from "./memory-identities.ts";
import { checkIdentities, type Played } from "./run.ts";

const { AGENTMESH_PROPERTY_RUNS: runs, AGENTMESH_PROPERTY_SEED: seed } = process.env;
const numRuns = Number(runs ?? 300);

function held({ details, steps, counts }: Played): void {
  console.log(`${details.numRuns} histories, ${steps} steps, ${JSON.stringify(counts)}, seed ${details.seed}`);
  if (details.failed) {
    throw new Error(
      `replay with AGENTMESH_PROPERTY_SEED=${details.seed}\n${fc.defaultReportMessage(details)}\n${details.errorInstance}`,
    );
  }
  expect(counts.given).toBeGreaterThan(0);
  expect(counts.bounced).toBeGreaterThan(0);
}

const replay = seed === undefined ? {} : { seed: Number(seed) };

test("no history of starts, ends, resumes, forks and kills gives a message to another conversation (in memory)", () => {
  held(checkIdentities(memoryEngine, { numRuns, ...replay }));
}, 120_000);

test("no history of starts, ends, resumes, forks and kills gives a message to another conversation (on files)", () => {
  using temp = tempDir();
  let folders = 0;
  const engine = (): Engine => fileEngine(join(temp.path, String(++folders)));
  held(checkIdentities(engine, { numRuns: Math.ceil(numRuns / 8), ...replay }));
}, 120_000);
