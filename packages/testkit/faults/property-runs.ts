/** The program of one child of the stage "properties": `seed runs milliseconds`; prints what came of it as JSON. */
import fc from "fast-check";
import { checkEngine } from "../../broker/test/properties/run.ts";
import { soundEngine } from "../../broker/test/properties/sqlite-world.ts";

const [seed = 0, numRuns = 1, ms = 1_000] = process.argv.slice(2).map(Number);
const { details, steps } = await checkEngine(() => soundEngine, { seed, numRuns, interruptAfterTimeLimit: ms });
// Out of time before the first run was over is no finding.
const failed = details.failed && details.errorInstance !== null;
const report = failed ? `${await fc.asyncDefaultReportMessage(details)}\n${details.errorInstance}` : undefined;
console.log(JSON.stringify({ runs: details.numRuns, steps, report }));
