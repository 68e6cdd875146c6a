/** Redis Streams as a bus, each command on disk before it is answered: XADD, XREADGROUP that waits, XACK. */
import * as z from "zod";
import { Arrival, type Bus, eachOf, Tally, upTo } from "../bus.ts";
import { startServer } from "./program.ts";
import { RespConnection } from "./resp.ts";

const AT_ONCE = 32;
const SETTINGS = ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxclients", "4000"];

/** One entry of one stream, as XREADGROUP has it. */
const Entry = z.tuple([z.tuple([z.string(), z.tuple([z.tuple([z.string(), z.unknown()])])])]);

/** Starts a server; one group and one consumer to each receiver. */
export async function startRedis(): Promise<Bus> {
  const server = await startServer("redis-server", (port, folder) => {
    return ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, ...SETTINGS];
  });
  const connect = async () => new RespConnection(await server.socket());

  /** Reads one entry after the other, and asks for the next when it was dealt with. */
  async function receive(stream: string, group: string, onEntry: (id: string) => Promise<void> | void): Promise<void> {
    const connection = await connect();
    await connection.ask("XGROUP", "CREATE", stream, group, "$", "MKSTREAM");
    const read = async () => {
      for (;;) {
        const reply = await connection
          .ask("XREADGROUP", "GROUP", group, "c", "COUNT", "1", "BLOCK", "0", "STREAMS", stream, ">")
          .catch(() => undefined);
        if (reply === undefined) return;
        const [[, [[id]]]] = Entry.parse(reply);
        await onEntry(id);
      }
    };
    void read();
  }

  return {
    lanes: (count) =>
      eachOf(upTo(count), AT_ONCE, async (i) => {
        const [sending, acking] = [await connect(), await connect()];
        const stream = `lane-${i}`;
        const arrival = new Arrival<string>();
        await receive(stream, "g", (id) => arrival.came(id));
        return {
          async trip(body) {
            const next = arrival.next();
            const began = performance.now();
            const answered = sending.ask("XADD", stream, "*", "body", body).then(() => performance.now() - began);
            const id = await next;
            const received = performance.now() - began;
            await acking.ask("XACK", stream, "g", id);
            return { received, acked: performance.now() - began, answered: await answered };
          },
        };
      }),
    async fan(receivers) {
      const tally = new Tally(receivers);
      const sending = await connect();
      await eachOf(upTo(receivers), AT_ONCE, (i) => receive("fan", `g${i}`, () => tally.one()));
      return {
        async spread(body) {
          const whole = tally.whole();
          const began = performance.now();
          await sending.ask("XADD", "fan", "*", "body", body);
          const answered = performance.now() - began;
          return { answered, last: (await whole) - began };
        },
      };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
