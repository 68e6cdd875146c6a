/** The hot paths that are profiled: each is done again and again, and told by what one of it costs. */
import { eachOf, upTo } from "../bus.ts";
import { body } from "../load.ts";
import { rest } from "../machine/pause.ts";
import type { Broker } from "../ours/broker.ts";
import { busOf, subscribers } from "../ours/bus.ts";
import { openSession, openStream, register } from "../ours/mesh.ts";

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
/** Agents that one message is for, and that have a stream each where nothing is to do. */
const MANY = 1_000;
/** A keepalive goes into each stream once in this time. */
const KEEPALIVES_MS = 15_000;
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

/** Publishes again and again, and counts deliveries. */
function publishing(publish: (text: string) => Promise<unknown>): Doing {
  let sent = 0;
  return async (ms) => {
    const [ends, before] = [performance.now() + ms, sent];
    while (performance.now() < ends) await publish(body(++sent));
    return (sent - before) * MANY;
  };
}

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
    id: "P3",
    title: `One message to ${MANY.toLocaleString("en-US")} streams`,
    unit: "delivery",
    async open(broker) {
      const fan = await busOf(broker).fan(MANY);
      return publishing((text) => fan.spread(text));
    },
  },
  {
    id: "P3-kept",
    title: `One message kept for ${MANY.toLocaleString("en-US")} subscribers that are not there`,
    unit: "delivery",
    async open(broker) {
      const connection = await broker.connect();
      const { token } = await register(broker, connection, "publisher");
      await subscribers(broker, MANY, "absent");
      const path = "/v1/topics/absent/messages";
      return publishing((text) =>
        connection.must({ method: "POST", path, token, body: JSON.stringify({ body: text }) }),
      );
    },
  },
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
  {
    id: "P6-idle",
    title: `Nothing to do for ${MANY.toLocaleString("en-US")} agents with a stream each`,
    unit: "second",
    async open(broker) {
      const connections = await Promise.all(upTo(CONNECTIONS).map(() => broker.connect()));
      await eachOf(upTo(MANY), CONNECTIONS, async (i) => {
        const connection = connections[i % CONNECTIONS] ?? (await broker.connect());
        const agent = await register(broker, connection, `agent-${i}`);
        await openStream(broker, agent, await openSession(connection, agent), () => undefined);
      });
      return async () => {
        const began = performance.now();
        await rest(KEEPALIVES_MS);
        return (performance.now() - began) / 1_000;
      };
    },
  },
];
