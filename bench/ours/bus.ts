/** Ours as a bus: agents with streams, bare HTTP and Server-Sent Events. */
import { Arrival, type Bus, eachOf, Tally, upTo } from "../bus.ts";
import type { Broker } from "./broker.ts";
import { ack, deliveryId, openSession, openStream, register, send } from "./mesh.ts";

/** How many agents are made at a time. */
const AT_ONCE = 32;

/**
 * Lanes and fans of a broker, or of several of one mesh, which are the caller's. Of several each has as many senders and receivers as
 * any other, and a sender's receiver is at its own broker as often as at each other one.
 */
export function busOf(broker: Broker, ...more: readonly Broker[]): Pick<Bus, "lanes" | "fan"> {
  const brokers = [broker, ...more];
  const at = (n: number): Broker => brokers[n % brokers.length] ?? broker;
  return {
    async lanes(count) {
      const streams: Disposable[] = [];
      return await eachOf(upTo(count), AT_ONCE, async (i) => {
        const there = at(i + Math.floor(i / brokers.length));
        const [sending, acking] = [await at(i).connect(), await there.connect()];
        const sender = await register(at(i), sending, `sender-${i}`);
        const receiver = await register(there, acking, `receiver-${i}`);
        const session = await openSession(acking, receiver);
        const arrival = new Arrival<string>();
        const onEvent = (event: string, data: string) => event === "delivery" && arrival.came(data);
        streams.push(await openStream(there, receiver, session, onEvent));
        return {
          async trip(body) {
            const next = arrival.next();
            const began = performance.now();
            const answered = send(sending, sender, receiver.name, body).then(() => performance.now() - began);
            const data = await next;
            const received = performance.now() - began;
            await ack(acking, receiver, deliveryId(data));
            const acked = performance.now() - began;
            return { answered: await answered, received, acked };
          },
        };
      });
    },
    async fan(receivers) {
      const tally = new Tally(receivers);
      const connection = await broker.connect();
      const sender = await register(broker, connection, "publisher");
      await subscribers(broker, receivers, "all", (event) => event === "delivery" && tally.one());
      return {
        async spread(body) {
          const whole = tally.whole();
          const began = performance.now();
          const request = { method: "POST", path: "/v1/topics/all/messages", token: sender.token } as const;
          await connection.must({ ...request, body: JSON.stringify({ body }) });
          const answered = performance.now() - began;
          return { answered, last: (await whole) - began };
        },
      };
    },
  };
}

/** Agents that are subscribed to a topic; with streams where somebody is told of their events. */
export async function subscribers(
  broker: Broker,
  count: number,
  topic: string,
  onEvent?: (event: string) => void,
): Promise<void> {
  const connections = await Promise.all(upTo(AT_ONCE).map(() => broker.connect()));
  await eachOf(upTo(count), AT_ONCE, async (i) => {
    const connection = connections[i % AT_ONCE];
    if (!connection) throw new Error("no connection");
    const agent = await register(broker, connection, `${topic}-${i}`);
    const body = JSON.stringify({ topic });
    await connection.must({ method: "POST", path: "/v1/subscriptions", token: agent.token, body });
    if (onEvent) await openStream(broker, agent, await openSession(connection, agent), onEvent);
  });
}
