/** Emptying an inbox: one lease and one ack for each message, or as many at a time as a build takes. */
import * as z from "zod";
import { eachOf } from "../bus.ts";
import type { HttpConnection } from "../wire/http-connection.ts";
import type { Broker } from "./broker.ts";
import { type Agent, ack } from "./mesh.ts";

/** Whoever opens connections to a broker. */
export type Connecting = Pick<Broker, "connect">;

/** Connections over which single acks go where there is no call for many. */
const ACKING = 8;

/** What a build says of itself: how many deliveries and bytes one lease takes, and how many acks one call, where it has one. */
const numberAt = z.object({ maximum: z.int() });
const requestOf = <T extends z.ZodType>(properties: T) =>
  z.object({
    post: z.object({
      requestBody: z.object({
        content: z.object({ "application/json": z.object({ schema: z.object({ properties }) }) }),
      }),
    }),
  });
const Contract = z.object({
  paths: z.object({
    "/v1/inbox/lease": requestOf(z.object({ max: numberAt, maxBytes: numberAt.optional() })),
    "/v1/inbox/acks": requestOf(z.object({ acks: z.object({ maxItems: z.int() }) })).optional(),
  }),
});

const Leased = z.object({ deliveries: z.array(z.object({ id: z.string(), receipt: z.string() })) });

/** What a lease call asks for. */
interface Wanted {
  readonly max: number;
  readonly maxBytes?: number;
}

async function lease(connection: HttpConnection, { token }: Agent, wanted: Wanted) {
  const body = JSON.stringify(wanted);
  const reply = await connection.must({ method: "POST", path: "/v1/inbox/lease", token, body });
  return Leased.parse(JSON.parse(reply)).deliveries;
}

/** Takes so many, one lease and one ack at a time. */
export async function drainOneByOne(connection: HttpConnection, agent: Agent, count: number): Promise<void> {
  for (let done = 0; done < count; done++) {
    const [delivery] = await lease(connection, agent, { max: 1 });
    if (!delivery) throw new Error(`the inbox was empty after ${done} of ${count}`);
    await ack(connection, agent, delivery.id);
  }
}

/** Takes all that there is by the calls for many that the build has; returns how many that were. */
export type Drain = () => Promise<number>;

/** The best way that this build offers: as many at a time as its contract allows. */
export async function fastDrain(broker: Connecting, agent: Agent): Promise<Drain> {
  const connection = await broker.connect();
  const { paths } = Contract.parse(JSON.parse(await connection.must({ method: "GET", path: "/v1/openapi.json" })));
  const { max, maxBytes } = paths["/v1/inbox/lease"].post.requestBody.content["application/json"].schema.properties;
  const many = paths["/v1/inbox/acks"]?.post.requestBody.content["application/json"].schema.properties.acks.maxItems;
  const wanted = {
    max: Math.min(max.maximum, many ?? max.maximum),
    ...(maxBytes && { maxBytes: maxBytes.maximum }),
  };
  const ackAll = many === undefined ? await singleAcks(broker, agent) : ackMany(connection, agent);
  return async () => {
    for (let done = 0; ; ) {
      const deliveries = await lease(connection, agent, wanted);
      if (deliveries.length === 0) return done;
      await ackAll(deliveries.map(({ id }) => id));
      done += deliveries.length;
    }
  };
}

type AckAll = (deliveries: readonly string[]) => Promise<void>;

/** Single acks, some at a time. */
async function singleAcks(broker: Connecting, agent: Agent): Promise<AckAll> {
  const connections = await Promise.all(Array.from({ length: ACKING }, () => broker.connect()));
  return async (deliveries) => {
    await eachOf(deliveries, ACKING, async (id, i) => {
      const connection = connections[i % ACKING];
      if (connection) await ack(connection, agent, id);
    });
  };
}

const Acked = z.object({ results: z.array(z.object({ state: z.literal("acked") })) });

/** One call for all; each must be acked. */
function ackMany(connection: HttpConnection, { token }: Agent): AckAll {
  return async (deliveries) => {
    const body = JSON.stringify({ acks: deliveries.map((delivery) => ({ delivery })) });
    const reply = await connection.must({ method: "POST", path: "/v1/inbox/acks", token, body });
    const { results } = Acked.parse(JSON.parse(reply));
    if (results.length !== deliveries.length) throw new Error(`acked ${results.length} of ${deliveries.length}`);
  };
}
