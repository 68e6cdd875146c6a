/** The program of one child of the stage "identity": `seed runs milliseconds`; prints what came of it as JSON. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { tempDir } from "testkit";
import { fileEngine, memoryEngine } from "../../mcp/test/identity/memory-identities.ts";
import { checkIdentities } from "../../mcp/test/identity/run.ts";

const [seed = 0, numRuns = 1, ms = 1_000] = process.argv.slice(2).map(Number);

/** So many of the histories are played on files, each in a folder of its own. */
const ON_FILES = Math.ceil(numRuns / 4);

using temp = tempDir();
const folder = join(temp.path, "home");
const onFiles = checkIdentities(
  () => {
    rmSync(folder, { recursive: true, force: true });
    return fileEngine(folder);
  },
  { seed, numRuns: ON_FILES, interruptAfterTimeLimit: ms / 2 },
);
const inMemory = checkIdentities(memoryEngine, {
  seed: seed + 1_000_003,
  numRuns: numRuns - onFiles.details.numRuns,
  interruptAfterTimeLimit: ms / 2,
});
// Out of time before the first history was over is no finding.
const failed = [onFiles, inMemory].find(({ details }) => details.failed && details.errorInstance !== null);
const report = failed && `${fc.defaultReportMessage(failed.details)}\n${failed.details.errorInstance}`;
const runs = onFiles.details.numRuns + inMemory.details.numRuns;
console.log(JSON.stringify({ runs, steps: onFiles.steps + inMemory.steps, report }));
