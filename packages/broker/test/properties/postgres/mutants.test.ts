/** Broken Postgres engines: each must not survive a few runs under several brokers. */
import fc from "fast-check";
import { packagedPostgres, sampleOf, sampleSeed } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ackMutants } from "../mutants/acks.ts";
import { askMutants } from "../mutants/asks.ts";
import { careMutants } from "../mutants/care.ts";
import { decisionMutants } from "../mutants/decisions.ts";
import { eventMutants } from "../mutants/events.ts";
import { leaseMutants } from "../mutants/leases.ts";
import { machineMutants } from "../mutants/machines.ts";
import { messageMutants } from "../mutants/messages.ts";
import { receiverMutants } from "../mutants/receivers.ts";
import { sessionMutants } from "../mutants/sessions.ts";
import { topicMutants } from "../mutants/topics.ts";
import { BrokenPromise } from "../promises.ts";
import { checkWorlds } from "../run.ts";
import { brokerCommands } from "./commands.ts";
import { type PostgresMutant, postgresMutants } from "./mutants.ts";
import { type PropertyServer, propertyServer } from "./server.ts";
import { PostgresWorld } from "./world.ts";

/** Fixed, so that the count of runs says something about the suite and not about luck. */
const seed = Number(process.env.AGENTMESH_PROPERTY_SEED ?? 20261130);
const MOST_RUNS = 120;
const LONG_ENOUGH_MS = 1_200_000;
const BROKERS = 2;
const version = packagedPostgres();

/** Those of every engine. */
const ofEveryEngine: readonly PostgresMutant[] = [
  ...[ackMutants, askMutants, careMutants, decisionMutants, eventMutants, leaseMutants, machineMutants],
  ...[messageMutants, receiverMutants, sessionMutants, topicMutants],
]
  .flat()
  .filter(({ spoil }) => spoil !== undefined);
const { AGENTMESH_ALL_MUTANTS: all } = process.env;
/**
 * Which, changes from run to run: each takes as long as a dozen of SQLite's. Those of every engine are tried over SQLite each time,
 * and over this one where all are asked for: some take 50 runs, which is minutes here.
 */
const by = { whole: all !== undefined, seed: sampleSeed() };
const some = [...sampleOf(postgresMutants, 1, by), ...(by.whole ? ofEveryEngine : [])];

describe.skipIf(version.whyNot !== undefined)(
  `an engine over ${version.name} that breaks a promise is caught (${version.whyNot ?? "here"})`,
  () => {
    let server: PropertyServer | undefined;
    beforeAll(async () => {
      server = await propertyServer(version);
    });
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
    });
    const caught: string[] = [];

    test.each(some)(
      "$name",
      async ({ name, spoil, rewrite, seat, often }) => {
        const { details, steps } = await checkWorlds(
          async () => {
            if (!server) throw new Error("Postgres was not started");
            const verbs = spoil?.();
            const spoiled = { ...(verbs && { verbs }), ...(rewrite && { rewrite }), ...(seat && { seat }) };
            return PostgresWorld.begin(await server.lend(), BROKERS, spoiled);
          },
          fc.constant(0),
          { seed, numRuns: MOST_RUNS, endOnFailure: true },
          often,
          brokerCommands,
        );
        const { errorInstance, numRuns } = details;
        expect(details.failed, `"${name}" survived ${numRuns} runs, ${steps} steps (seed ${seed})`).toBe(true);
        if (!(errorInstance instanceof BrokenPromise)) throw errorInstance;
        caught.push(`${String(numRuns).padStart(3)} runs  ${name}: ${errorInstance.promise}`);
      },
      LONG_ENOUGH_MS,
    );

    afterAll(() => console.log(`${caught.length} mutants caught, seed ${seed}\n${caught.sort().join("\n")}`));
  },
);
