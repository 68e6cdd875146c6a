/**
 * The program of one child of the stage "properties" over Postgres: `seed runs milliseconds [brokers]`; has a server of its own, and
 * prints what came of it as JSON.
 */
import fc from "fast-check";
import { packagedPostgres } from "testkit";
import { propertyServer } from "../../broker/test/properties/postgres/server.ts";
import { PostgresWorld } from "../../broker/test/properties/postgres/world.ts";
import { checkWorlds } from "../../broker/test/properties/run.ts";

const [seed = 0, numRuns = 1, ms = 1_000, brokers] = process.argv.slice(2).map(Number);
const version = packagedPostgres();
if (version.whyNot !== undefined) throw new Error(`${version.name} cannot be started: ${version.whyNot}`);
await using server = await propertyServer(version);
// One alone, as SQLite has it, or several, each asked in its turn.
const counts = brokers === undefined ? fc.constantFrom(1, 2, 3) : fc.constant(brokers);
const { details, steps } = await checkWorlds(async (count) => PostgresWorld.begin(await server.lend(), count), counts, {
  seed,
  numRuns,
  interruptAfterTimeLimit: ms,
});
const failed = details.failed && details.errorInstance !== null;
const report = failed ? `${await fc.asyncDefaultReportMessage(details)}\n${details.errorInstance}` : undefined;
console.log(JSON.stringify({ runs: details.numRuns, steps, report }));
