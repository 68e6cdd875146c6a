/**
 * The program of one child of the stage "properties" over Postgres: `seed runs milliseconds [brokers]`; has a server of its own, and
 * prints what came of it as JSON.
 */
import { writeSync } from "node:fs";
import fc from "fast-check";
import { packagedPostgres } from "testkit";
import { brokerCommands } from "../../broker/test/properties/postgres/commands.ts";
import { propertyServer } from "../../broker/test/properties/postgres/server.ts";
import { PostgresWorld } from "../../broker/test/properties/postgres/world.ts";
import { checkWorlds } from "../../broker/test/properties/run.ts";

const [seed = 0, numRuns = 1, ms = 1_000, brokers] = process.argv.slice(2).map(Number);
const version = packagedPostgres();
if (version.whyNot !== undefined) throw new Error(`${version.name} cannot be started: ${version.whyNot}`);
const server = await propertyServer(version);
// One alone, as SQLite has it, or several, each asked in its turn.
const counts = brokers === undefined ? fc.constantFrom(1, 2, 3) : fc.constant(brokers);
const newWorld = async (count: number) => PostgresWorld.begin(await server.lend(), count);
const parameters = { seed, numRuns, interruptAfterTimeLimit: ms };
const { details, steps } = await checkWorlds(newWorld, counts, parameters, [], brokerCommands);
await server[Symbol.asyncDispose]();
const failed = details.failed && details.errorInstance !== null;
const report = failed ? `${await fc.asyncDefaultReportMessage(details)}\n${details.errorInstance}` : undefined;
writeSync(1, `${JSON.stringify({ runs: details.numRuns, steps, report })}\n`);
// A run that was out of time is not over, and its brokers would look for their database for ever.
process.exit();
