/** Faults of the broker's process: killed, stopped for a while, a second one on the same folder. */
import { cleanEnv, runProgram, type TestBroker } from "testkit";
import { type Expectations, type Fault, sleep } from "./fault.ts";
import { type Site, underLoad } from "./under-load.ts";

/** How long a broker serves before it is killed: half of them hardly begin, half have clients that are back at work. */
function lifeMs(random: () => number): number {
  return random() < 0.5 ? 30 + random() * 370 : 1_000 + random() * 4_000;
}

/** Starts a broker that was killed; it must not take long. */
export async function startedAgain(broker: TestBroker, expectations: Expectations): Promise<void> {
  const began = performance.now();
  await broker.start();
  const ms = performance.now() - began;
  expectations.expect(ms < 10_000, `the broker took ${Math.round(ms)} ms to start again`);
}

async function kill({ broker, workload, random, expectations }: Site): Promise<void> {
  await sleep(lifeMs(random));
  await workload.during("kill", () => broker.kill("SIGKILL"));
  await startedAgain(broker, expectations);
}

async function pause({ broker, workload, random }: Site, round: number): Promise<void> {
  await sleep(lifeMs(random));
  await workload.during("stop", async () => {
    process.kill(broker.pid, "SIGSTOP");
    try {
      await sleep(round % 5 === 4 ? 1_000 + random() * 3_000 : 30 + random() * 470);
    } finally {
      process.kill(broker.pid, "SIGCONT");
    }
  });
}

async function second({ broker, workload, random, expectations }: Site, round: number): Promise<void> {
  await sleep(100 + random() * 300);
  const { pid } = broker;
  const env = cleanEnv({ AGENTMESH_HOME: broker.home });
  const refused = await workload.during("second broker", () => runProgram("broker", ["--port", "0"], { env }));
  expectations.expect(refused.code === 3, `a second broker ended with ${refused.code}: ${refused.stderr}`);
  expectations.expect(refused.stderr.includes(`pid ${pid}`), `it does not name pid ${pid}: ${refused.stderr}`);
  expectations.expect((await broker.admin.status()).pid === pid, "the first broker is no longer the one that answers");
  if (round % 3 !== 2) return;
  await workload.during("kill", () => broker.kill("SIGKILL"));
  const began = performance.now();
  await broker.start();
  expectations.notes.push(`started ${Math.round(performance.now() - began)} ms after the first was killed`);
}

/** kill -9 after 30 ms to 5 s, again and again. */
export const killed: Fault = {
  name: "kill",
  run: (turn) => underLoad(turn, { act: kill, rounds: 40, maxGapMs: 10_000 }),
};

/** SIGSTOP for up to half a second, every fifth time for up to four seconds. */
export const paused: Fault = {
  name: "pause",
  run: (turn) => underLoad(turn, { act: pause, rounds: 20, maxGapMs: 10_000 }),
};

/** A second broker on the same state folder. */
export const secondBroker: Fault = {
  name: "second",
  run: (turn) => underLoad(turn, { act: second, rounds: 6, maxGapMs: 10_000 }),
};

/** Kills and stops in any order, with receivers that fail more often. */
export const mixed: Fault = {
  name: "mix",
  run: (turn) =>
    underLoad(turn, {
      act: (site, round) => (site.random() < 0.6 ? kill(site) : pause(site, round)),
      rounds: 30,
      maxGapMs: 12_000,
      workload: { crashShare: 0.01, nackShare: 0.05 },
    }),
};
