/** graphile-worker as a bus: a job is added, a runner of as many workers as there are lanes is notified, works and completes it. */
import { Logger, type Runner, run } from "graphile-worker";
import * as z from "zod";
import { Arrival, type Bus, upTo } from "../bus.ts";
import { toEnd } from "../machine/ends.ts";
import { sharedPostgres } from "./embedded-postgres.ts";

const TASK = "lane";

/** Connections: more were not faster. */
const CONNECTIONS = 32;

const Payload = z.object({ lane: z.int() });

/** Starts one on a database of its own. */
export async function startGraphileWorker(): Promise<Bus> {
  const connectionString = await (await sharedPostgres()).database("graphile");
  let runner: Runner | undefined;
  const end = toEnd(async () => runner?.stop());
  return {
    async lanes(count) {
      const received = upTo(count).map(() => new Arrival<void>());
      const done = upTo(count).map(() => new Arrival<void>());
      const started = await run({
        connectionString,
        maxPoolSize: CONNECTIONS,
        concurrency: count,
        noHandleSignals: true,
        logger: new Logger(() => () => undefined),
        taskList: { [TASK]: async (payload) => received[Payload.parse(payload).lane]?.came() },
      });
      runner = started;
      started.events.on("job:complete", ({ job }) => done[Payload.parse(job.payload).lane]?.came());
      return upTo(count).map((lane) => ({
        async trip(body) {
          const [came, ended] = [received[lane]?.next(), done[lane]?.next()];
          const began = performance.now();
          const answered = started.addJob(TASK, { lane, body }).then(() => performance.now() - began);
          await came;
          const receivedAt = performance.now() - began;
          await ended;
          return { received: receivedAt, acked: performance.now() - began, answered: await answered };
        },
      }));
    },
    fan: () => Promise.reject(new Error("graphile-worker has no subscribers of one message")),
    [Symbol.asyncDispose]: end,
  };
}
