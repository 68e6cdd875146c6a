/** HTTP and Server-Sent Events without a store: what the wire alone costs. The server is a process of its own. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { Arrival, type Bus, eachOf, Tally, upTo } from "../bus.ts";
import { endProcess, toEnd } from "../machine/ends.ts";
import { deliveryId } from "../ours/mesh.ts";
import { EventStream } from "../wire/event-stream.ts";
import { HttpConnection } from "../wire/http-connection.ts";

const AT_ONCE = 32;

/** Starts the server; its lanes and fans are driven as ours are. */
export async function startBare(): Promise<Bus> {
  const child = fork(fileURLToPath(new URL("bare-server.ts", import.meta.url)), { stdio: "inherit" });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const open: Disposable[] = [];
  const end = toEnd(async () => {
    for (const each of open) each[Symbol.dispose]();
    await endProcess(child, ended);
  });
  const port = z.int().parse(await new Promise((resolve) => child.once("message", resolve).once("close", resolve)));
  const connect = async () => {
    const connection = await HttpConnection.open(port);
    open.push(connection);
    return connection;
  };
  const listen = async (name: string, onEvent: (event: string, data: string) => void) => {
    open.push(await EventStream.open(port, { path: `/streams/${name}` }, onEvent));
  };
  return {
    lanes: (count) =>
      eachOf(upTo(count), AT_ONCE, async (i) => {
        const [sending, acking] = [await connect(), await connect()];
        const arrival = new Arrival<string>();
        await listen(`lane-${i}`, (_event, data) => arrival.came(data));
        return {
          async trip(body) {
            const next = arrival.next();
            const began = performance.now();
            const text = JSON.stringify({ to: `lane-${i}`, body });
            const answered = sending
              .must({ method: "POST", path: "/messages", body: text })
              .then(() => performance.now() - began);
            const data = await next;
            const received = performance.now() - began;
            await acking.must({ method: "POST", path: `/acks/${deliveryId(data)}`, body: "{}" });
            return { received, acked: performance.now() - began, answered: await answered };
          },
        };
      }),
    async fan(receivers) {
      const tally = new Tally(receivers);
      const connection = await connect();
      await eachOf(upTo(receivers), AT_ONCE, (i) => listen(`fan/${i}`, () => tally.one()));
      return {
        async spread(body) {
          const whole = tally.whole();
          const began = performance.now();
          await connection.must({ method: "POST", path: "/messages", body: JSON.stringify({ to: "fan", body }) });
          const answered = performance.now() - began;
          return { answered, last: (await whole) - began };
        },
      };
    },
    [Symbol.asyncDispose]: end,
  };
}
