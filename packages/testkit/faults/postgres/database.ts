/** Faults of the database that brokers share: killed and started again, away for a minute, and of the way to it. */
import { until } from "testkit";
import type { FaultKind } from "../bounds.ts";
import { type Fault, sleep } from "../fault.ts";
import { once, registers } from "../once.ts";
import { anyOf, kill, lifeMs, type MeshSite, meshFault, meshFaultBy, outlastSeat, stop, stopMs } from "./brokers.ts";
import { type MeshByLines, openMeshByLines } from "./mesh.ts";

/** The database is away for so long. */
const AWAY_MS = 60_000;

/** Connections over which nothing comes any more are found to be dead within this. */
const FOUND_MS = 60_000;

/** What is refused is refused within this. */
const REFUSED_WITHIN_MS = 10_000;

/** kill -9 of Postgres with all its processes; started again after so long. */
async function databaseKilled(
  { mesh: { server }, workload, random }: MeshSite,
  round: number,
  awayMs: number,
): Promise<void> {
  await sleep(lifeMs(random, round));
  await workload.during("database kill", async () => {
    await server.kill();
    await sleep(awayMs * random());
    await server.start();
  });
}

/** Connections of one broker, or of all, end; some in the moment in which a commit is about to be told. */
async function cut({ mesh, workload, random }: MeshSite<MeshByLines>, round: number): Promise<void> {
  await sleep(lifeMs(random, round));
  const { lines, brokers } = mesh;
  const all = brokers.map((_, n) => n);
  const hit = round % 4 === 3 ? all : [anyOf(mesh, random)];
  const how = round % 2 === 0 ? "cut-at-commit" : random() < 0.5 ? "cut" : "refuse";
  await workload.during("cut", async () => {
    await Promise.all(hit.map((line) => lines.spoil(line, how, 2_000)));
    if (how === "refuse") await sleep(random() * 2_000);
    await Promise.all(hit.map((line) => lines.spoil(line, "mend")));
  });
}

/** What goes between brokers and the database comes late, or does not come for a while, and nobody is told. */
async function delay({ mesh, workload, random }: MeshSite<MeshByLines>, round: number): Promise<void> {
  await sleep(lifeMs(random, round));
  const { lines, brokers } = mesh;
  const one = anyOf(mesh, random);
  const spoilt = async (kind: FaultKind, hit: readonly number[], how: "delay" | "freeze", ms: number) => {
    await workload.during(kind, async () => {
      await Promise.all(hit.map((line) => lines.spoil(line, how, 10 + random() * 190)));
      await sleep(ms);
      await Promise.all(hit.map((line) => lines.spoil(line, "mend")));
    });
  };
  const all = brokers.map((_, n) => n);
  if (round % 4 === 0) return spoilt("delay", [one], "delay", 500 + random() * 2_500);
  if (round % 4 === 2) return spoilt("delay", all, "delay", 500 + random() * 2_500);
  // At times for longer than the seat of a broker lasts, which lives on meanwhile.
  await spoilt("hold-up", [one], "freeze", round % 8 === 7 ? 12_000 : random() * 4_000);
}

/** What lies between one broker and the database forgets its connections: the broker must make new ones by itself. */
async function forget({ mesh, workload, random }: MeshSite<MeshByLines>, round: number): Promise<void> {
  await sleep(lifeMs(random, round));
  const one = anyOf(mesh, random);
  const broker = mesh.brokers[one];
  await workload.during("forgotten", async () => {
    await mesh.lines.spoil(one, "forget");
    if (broker)
      await until(async () => (await once(registers, broker)) === "ok", "a write over new connections", FOUND_MS);
  });
}

/** kill -9 of Postgres, started again within two seconds. */
export const databasesKilled = meshFault("database", {
  act: (site, round) => databaseKilled(site, round, 2_000),
  rounds: 20,
  maxGapMs: 15_000,
  maxSendMs: 20_000,
});

/** Connections between brokers and the database are cut. */
export const linesCut = meshFaultBy(openMeshByLines, "cut", {
  act: cut,
  rounds: 40,
  maxGapMs: 10_000,
  maxSendMs: 15_000,
});

/** Connections between brokers and the database are slow, hang for a while, or are dead without a word. */
export const linesDelayed = meshFaultBy(openMeshByLines, "delay", {
  act: (site, round) => (round % 9 === 5 ? forget(site, round) : delay(site, round)),
  rounds: 18,
  maxGapMs: 12_000,
  maxSendMs: 25_000,
});

/** The database is away for a minute: what is asked is refused with when to ask again, and all goes on by itself. */
export const databaseAway: Fault = meshFault("away", {
  act: async ({ mesh, workload, random, expectations }, round) => {
    await sleep(lifeMs(random, round));
    await workload.during("database away", async () => {
      await mesh.server.kill();
      try {
        for (const broker of mesh.brokers) {
          const began = performance.now();
          const answer = await Promise.race([once(registers, broker), sleep(REFUSED_WITHIN_MS).then(() => "nothing")]);
          const ms = Math.round(performance.now() - began);
          expectations.expect(
            answer === "store_unavailable",
            `a write was answered ${answer} after ${ms} ms without a database`,
          );
          expectations.notes.push(`a write without a database was answered ${answer} after ${ms} ms`);
        }
        await sleep(AWAY_MS);
      } finally {
        await mesh.server.start();
      }
    });
    for (const broker of mesh.brokers) {
      await until(async () => (await once(registers, broker)) === "ok", "a write when the database is back", 30_000);
    }
  },
  rounds: 1,
  maxGapMs: AWAY_MS + 30_000,
});

/** All of them in any order, with receivers that fail more often. */
export const mixed: Fault = meshFaultBy(openMeshByLines, "mix", {
  act: async (site, round) => {
    const dice = site.random();
    if (dice < 0.25) return kill(site, round);
    if (dice < 0.45) return databaseKilled(site, round, 1_000);
    if (dice < 0.65) return cut(site, round);
    if (dice < 0.75) return delay(site, round);
    await sleep(lifeMs(site.random, round));
    return dice < 0.8 ? outlastSeat(site) : stop(site, stopMs(site.random, round));
  },
  rounds: 30,
  maxGapMs: 15_000,
  maxSendMs: 25_000,
  workload: { crashShare: 0.01, nackShare: 0.05 },
});
