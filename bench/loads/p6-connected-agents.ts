/** P6: what a broker takes while nothing is sent: many agents with open streams. */

import { eachOf, upTo } from "../bus.ts";
import { BUILDS, type Load } from "../load.ts";
import { rest } from "../machine/pause.ts";
import { cpuMsOf, memoryOf } from "../machine/process.ts";
import { startBroker } from "../ours/broker.ts";
import { openSession, openStream, register } from "../ours/mesh.ts";

const AGENTS = { smoke: 20, usual: 1_000, whole: 1_000 } as const;
/** Shorter than the 45 s after which an agent without a heartbeat is stale. */
const WINDOW_MS = { smoke: 500, usual: 15_000, whole: 30_000 } as const;
const HEARTBEAT_MS = 15_000;
const SETTLES_MS = 2_000;
/** A broker that has nothing to do gives back what a burst has left; V8 collects once more some seconds later. */
const RESTS_MS = { smoke: 500, usual: 20_000, whole: 20_000 } as const;
const AT_ONCE = 32;

/** The load. */
export const connectedAgents: Load = {
  id: "P6",
  title: "1,000 connected agents and nothing to do",
  how: (size) =>
    `A broker that has just started; then ${AGENTS[size]} agents with a session and an open stream each. Processor time of the broker over ${WINDOW_MS[size] / 1_000} s without anything, and over as long with a heartbeat of each agent every ${HEARTBEAT_MS / 1_000} s, when such beats have come for as long before. An agent's KiB: what the broker's RSS had grown by ${RESTS_MS[size] / 1_000} s after the last had connected, shared by the number of agents; the processor time is of the time after that.`,
  figures: [
    { key: "busy", what: "with heartbeats", unit: "CPU ms/s", better: "less" },
    { key: "idle", what: "without", unit: "CPU ms/s", better: "less" },
    { key: "agent", what: "an agent", unit: "KiB", better: "less" },
    { key: "start", what: "at start, RSS", unit: "MiB", better: "less" },
    { key: "startPss", what: "at start, PSS", unit: "MiB", better: "less" },
  ],
  goals: [
    { figure: "busy", most: 5 },
    { figure: "idle", most: 1 },
    { figure: "agent", most: 40 },
    { figure: "start", most: 90 },
  ],
  sides: BUILDS,
  together: false,
  warmUps: 0,
  mostRounds: 3,
  async open({ build }, size) {
    if (!build) throw new Error("only ours has agents");
    const broker = await startBroker(build);
    return {
      async round() {
        await rest(SETTLES_MS);
        const start = memoryOf(broker.pid);
        const connections = await Promise.all(upTo(AT_ONCE).map(() => broker.connect()));
        const via = (i: number) => connections[i % AT_ONCE] ?? Promise.reject(new Error("no connection"));
        const sessions = await eachOf(upTo(AGENTS[size]), AT_ONCE, async (i) => {
          const connection = await via(i);
          const agent = await register(broker, connection, `agent-${i}`);
          const session = await openSession(connection, agent);
          await openStream(broker, agent, session, () => undefined);
          return { agent, session };
        });
        await rest(RESTS_MS[size]);
        const grown = memoryOf(broker.pid).rss - start.rss;
        const overWindow = async (meanwhile: Promise<unknown>) => {
          const [cpu, began] = [cpuMsOf(broker.pid), performance.now()];
          await Promise.all([rest(WINDOW_MS[size]), meanwhile]);
          return (cpuMsOf(broker.pid) - cpu) / ((performance.now() - began) / 1_000);
        };
        const idle = await overWindow(Promise.resolve());
        const beats = async () => {
          const ends = performance.now() + WINDOW_MS[size];
          const stepMs = HEARTBEAT_MS / sessions.length;
          let due = performance.now();
          for (let i = 0; due < ends; i++, due += stepMs) {
            await rest(Math.max(0, due - performance.now()));
            const { agent, session } = sessions[i % sessions.length] ?? {};
            const request = { method: "POST", path: `/v1/sessions/${session}/heartbeat`, body: "{}" } as const;
            const connection = await via(i);
            await connection.must({ ...request, ...(agent && { token: agent.token }) });
          }
        };
        // Agents renew their sessions all the time: the first beats in a while are no measure of that.
        await beats();
        const busy = await overWindow(beats());
        return { busy, idle, agent: (grown * 1_024) / sessions.length, start: start.rss, startPss: start.pss };
      },
      [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
    };
  },
};
