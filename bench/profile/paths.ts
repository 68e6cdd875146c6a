/** The hot paths that are profiled: each is done again and again, and told by what one of it costs. */
import { eachOf, upTo } from "../bus.ts";
import { body } from "../load.ts";
import { rest } from "../machine/pause.ts";
import type { Broker } from "../ours/broker.ts";
import { busOf } from "../ours/bus.ts";
import { openSession, register } from "../ours/mesh.ts";

/** A path that stands ready: does it for so long, and says how often that was. */
export type Doing = (ms: number) => Promise<number>;

/** One path. */
export interface HotPath {
  readonly id: string;
  readonly title: string;
  /** What one of it is. */
  readonly unit: string;
  open(broker: Broker): Promise<Doing>;
}

const CONNECTIONS = 32;
const SESSIONS = 128;
/** As often as 1,000 agents renew their sessions. */
const BEAT_EVERY_MS = 15;

const messages = (lanes: number) => async (broker: Broker) => {
  const open = await busOf(broker).lanes(lanes);
  let sent = 0;
  return async (ms: number) => {
    const [ends, before] = [performance.now() + ms, sent];
    const all = open.map(async (lane) => {
      while (performance.now() < ends) await lane.trip(body(++sent));
    });
    await Promise.all(all);
    return sent - before;
  };
};

async function beats(broker: Broker): Promise<(i: number) => Promise<unknown>> {
  const connections = await Promise.all(upTo(CONNECTIONS).map(() => broker.connect()));
  const sessions = await eachOf(upTo(SESSIONS), CONNECTIONS, async (i) => {
    const connection = connections[i % CONNECTIONS] ?? (await broker.connect());
    const { token, name } = await register(broker, connection, `agent-${i}`);
    return { connection, token, session: await openSession(connection, { token, name }) };
  });
  return async (i) => {
    const at = sessions[i % SESSIONS];
    const path = `/v1/sessions/${at?.session}/heartbeat`;
    await at?.connection.must({ method: "POST", path, body: "{}", token: at.token });
  };
}

/** They. */
export const hotPaths: readonly HotPath[] = [
  { id: "P1", title: "One message at a time", unit: "message", open: messages(1) },
  { id: "P2", title: "64 senders to 64 receivers", unit: "message", open: messages(64) },
  {
    id: "P6",
    title: `Heartbeats over ${CONNECTIONS} connections, as fast as they are answered`,
    unit: "heartbeat",
    async open(broker) {
      const beat = await beats(broker);
      return async (ms) => {
        const ends = performance.now() + ms;
        const counts = upTo(CONNECTIONS).map(async (lane) => {
          let count = 0;
          for (; performance.now() < ends; count++) await beat(lane + CONNECTIONS * count);
          return count;
        });
        return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
      };
    },
  },
  {
    id: "P6-paced",
    title: `One heartbeat every ${BEAT_EVERY_MS} ms, as of 1,000 agents`,
    unit: "heartbeat",
    async open(broker) {
      const beat = await beats(broker);
      let count = 0;
      return async (ms) => {
        const [ends, before] = [performance.now() + ms, count];
        while (performance.now() < ends) {
          await rest(BEAT_EVERY_MS);
          await beat(count++);
        }
        return count - before;
      };
    },
  },
];
