/** The drain in a thread of its own: what it parses and writes is not in the way of who measures beside it. */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import * as z from "zod";
import { HttpConnection } from "../wire/http-connection.ts";
import type { Broker } from "./broker.ts";
import { type Drain, fastDrain } from "./drain.ts";
import type { Agent } from "./mesh.ts";

const Given = z.object({ port: z.int(), agent: z.object({ name: z.string(), token: z.string() }) });
const Drained = z.number();

/** What takes all that waits for an agent, in a thread; that ends on dispose. */
export interface DrainThread extends AsyncDisposable {
  readonly drain: Drain;
}

/** Starts it. */
export function startDrainThread(broker: Broker, agent: Agent): DrainThread {
  const worker = new Worker(new URL(import.meta.url), { workerData: { port: broker.port, agent } });
  return {
    drain: () =>
      new Promise((resolve, reject) => {
        worker.removeAllListeners().once("error", reject);
        worker.once("message", (count: unknown) => resolve(Drained.parse(count)));
        worker.postMessage("drain");
      }),
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
}

if (!isMainThread) {
  const { port, agent } = Given.parse(workerData);
  const drain = await fastDrain({ connect: () => HttpConnection.open(port) }, agent);
  parentPort?.on("message", () => void drain().then((count) => parentPort?.postMessage(count)));
}
