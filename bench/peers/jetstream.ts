/** NATS JetStream as a bus, streams in files as it keeps them by default: it syncs every two minutes. */
import { join } from "node:path";
import * as z from "zod";
import { Arrival, type Bus, eachOf, Tally, upTo } from "../bus.ts";
import { NatsConnection } from "./nats-connection.ts";
import { startServer } from "./program.ts";

const AT_ONCE = 32;
/** Longer than any load, in nanoseconds: nothing is delivered again. */
const ACK_WAIT_NS = 12 * 3_600 * 1e9;

const ApiReply = z.object({ error: z.unknown().optional() });

/** Starts a server; a durable push consumer to each receiver. */
export async function startJetStream(): Promise<Bus> {
  const server = await startServer("nats-server", (port, folder) => {
    return ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", join(folder, "store")];
  });
  const connect = async () => new NatsConnection(await server.socket());
  const admin = await connect();
  const api = async (subject: string, request: object) => {
    const reply = await admin.request(`$JS.API.${subject}`, JSON.stringify(request));
    const { error } = ApiReply.parse(JSON.parse(reply));
    if (error !== undefined) throw new Error(`JetStream refused ${subject}: ${reply}`);
  };
  const stream = (name: string, subject: string) =>
    api(`STREAM.CREATE.${name}`, { name, subjects: [subject], storage: "file", retention: "limits", num_replicas: 1 });
  const consumer = (of: string, name: string, subject: string, deliverTo: string) =>
    api(`CONSUMER.DURABLE.CREATE.${of}.${name}`, {
      stream_name: of,
      config: {
        durable_name: name,
        deliver_subject: deliverTo,
        deliver_policy: "all",
        ack_policy: "explicit",
        ack_wait: ACK_WAIT_NS,
        filter_subject: subject,
        max_ack_pending: 10_000,
      },
    });

  return {
    async lanes(count) {
      await stream("LANES", "lane.*");
      return await eachOf(upTo(count), AT_ONCE, async (i) => {
        const [sending, receiving] = [await connect(), await connect()];
        const arrival = new Arrival<string>();
        receiving.subscribe(`to.lane.${i}`, ({ reply }) => arrival.came(reply));
        await receiving.request("$JS.API.INFO", "");
        await consumer("LANES", `lane-${i}`, `lane.${i}`, `to.lane.${i}`);
        return {
          async trip(body) {
            const next = arrival.next();
            const began = performance.now();
            const answered = sending.request(`lane.${i}`, body).then(() => performance.now() - began);
            const ackTo = await next;
            const received = performance.now() - began;
            await receiving.request(ackTo, "+ACK");
            return { received, acked: performance.now() - began, answered: await answered };
          },
        };
      });
    },
    async fan(receivers) {
      const tally = new Tally(receivers);
      const sending = await connect();
      await stream("FAN", "fan");
      await eachOf(upTo(receivers), AT_ONCE, async (i) => {
        const receiving = await connect();
        receiving.subscribe(`to.fan.${i}`, () => tally.one());
        await receiving.request("$JS.API.INFO", "");
        await consumer("FAN", `fan-${i}`, "fan", `to.fan.${i}`);
      });
      return {
        async spread(body) {
          const whole = tally.whole();
          const began = performance.now();
          await sending.request("fan", body);
          const answered = performance.now() - began;
          return { answered, last: (await whole) - began };
        },
      };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
