/** No sequence of backup, act, kill, restore, act lets a client ack, answer or skip what it was not shown. */
import { sampleOf, times } from "testkit";
import { describe, expect, test } from "vitest";
import type { Driver } from "../../src/store/sqlite/driver/database.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { drivers } from "../store/drivers.ts";
import { checkLives } from "./lives.ts";
import { BrokenPromise } from "./promises.ts";
import { type EngineMaker, soundEngine } from "./sqlite-world.ts";

const { AGENTMESH_PROPERTY_RUNS: runs, AGENTMESH_PROPERTY_SEED: seed } = process.env;
const numRuns = Math.ceil(Number(runs ?? times(300, 100)) / 10);
/** In fewer runs some of it may not have happened by chance. */
const ENOUGH_FOR_ALL = 30;
const timeLimitMs = Math.max(180_000, numRuns * 2_000);
const ways = drivers.map((driver): [string, Driver[]] => [driver.name, [driver]]);

describe("clients of a database that is backed up and restored", () => {
  test.each(ways)(
    "keep what they were shown, or are refused, over %s",
    async (_, by) => {
      const { details, count } = await checkLives(
        () => soundEngine,
        { numRuns, interruptAfterTimeLimit: timeLimitMs, ...(seed !== undefined && { seed: Number(seed) }) },
        by,
      );
      if (details.failed) throw new Error(`seed ${details.seed}: ${details.errorInstance}`);
      expect(details.numRuns).toBe(numRuns);
      console.log(`${numRuns} runs, seed ${details.seed}: ${[...count].map((each) => each.join(" ")).join(", ")}`);
      if (numRuns < ENOUGH_FOR_ALL) return;
      const never = ["shown", "acked", "answered", "read on", "other_life", "cursor_invalid", "restored", "restarted"];
      expect(never.filter((what) => !count.has(what))).toEqual([]);
    },
    timeLimitMs + 30_000,
  );

  const mutants: [string, EngineMaker][] = [
    [
      "numbers repeat",
      (database, clock) => {
        database.db.exec(`UPDATE agent SET next_seq = (SELECT COALESCE(MAX(seq), 0) + 1 FROM delivery
          WHERE agent_pk = agent.pk); DELETE FROM gap`);
        return sqliteStore(database, clock);
      },
    ],
    [
      "agents that come back begin with 1",
      (database, clock) => {
        database.db.exec("DROP TRIGGER IF EXISTS agent_of_life");
        return sqliteStore(database, clock);
      },
    ],
    [
      "positions repeat and cursors are taken",
      (database, clock) => {
        database.db.exec(`UPDATE sqlite_sequence SET seq = (SELECT COALESCE(MAX(pk), 0) FROM timeline)
          WHERE name = 'timeline'`);
        return sqliteStore({ ...database, epoch: "always" }, clock);
      },
    ],
  ];

  test.each(sampleOf(mutants, 1))("are let down by an engine where %s, and it is caught", async (_, engine) => {
    const { details } = await checkLives(() => engine, { seed: 20261128, numRuns: 200, endOnFailure: true });
    expect(details.failed).toBe(true);
    if (!(details.errorInstance instanceof BrokenPromise)) throw details.errorInstance;
    console.log(`${details.numRuns} runs: ${details.errorInstance.message.split("\n")[0]}`);
  });
});
