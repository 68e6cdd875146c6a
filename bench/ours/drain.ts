/** Emptying an inbox: one lease and one ack for each message, or as many at a time as a build takes. */
import { z } from "zod";
import { eachOf } from "../bus.ts";
import type { HttpConnection } from "../wire/http-connection.ts";
import type { Broker } from "./broker.ts";
import { type Agent, ack } from "./mesh.ts";

/** Most deliveries that one lease call of any build is asked for. */
const MOST_AT_ONCE = 25;
/** Connections over which single acks go where there is no call for many. */
const ACKING = 8;

const Leased = z.object({ deliveries: z.array(z.object({ id: z.string(), receipt: z.string() })) });

/** Leases up to `max`. */
async function lease(connection: HttpConnection, { token }: Agent, max: number) {
  const body = JSON.stringify({ max });
  const reply = await connection.must({ method: "POST", path: "/v1/inbox/lease", token, body });
  return Leased.parse(JSON.parse(reply)).deliveries;
}

/** Takes so many, one lease and one ack at a time. */
export async function drainOneByOne(connection: HttpConnection, agent: Agent, count: number): Promise<void> {
  for (let done = 0; done < count; done++) {
    const [delivery] = await lease(connection, agent, 1);
    if (!delivery) throw new Error(`the inbox was empty after ${done} of ${count}`);
    await ack(connection, agent, delivery.id);
  }
}

/** Takes all that there is by the calls for many that the build has; returns how many that were. */
export type Drain = () => Promise<number>;

/** The best way that this build offers. */
export async function fastDrain(broker: Broker, agent: Agent): Promise<Drain> {
  const connection = await broker.connect();
  const acking = await Promise.all(Array.from({ length: ACKING }, () => broker.connect()));
  return async () => {
    for (let done = 0; ; ) {
      const deliveries = await lease(connection, agent, MOST_AT_ONCE);
      if (deliveries.length === 0) return done;
      await eachOf(deliveries, ACKING, async ({ id }, i) => {
        await ack(acking[i % ACKING] ?? connection, agent, id);
      });
      done += deliveries.length;
    }
  };
}
