/**
 * pg-boss as a bus, as fast as it can be asked: a job is sent, fetched as soon as it is there, and completed, without the waits of
 * its polling. It is a library: it works in the process that drives it.
 */
import { PgBoss } from "pg-boss";
import { type Bus, upTo } from "../bus.ts";
import { toEnd } from "../machine/ends.ts";
import { sharedPostgres } from "./embedded-postgres.ts";

const QUEUE = "lane";

/** Connections: more were not faster. */
const CONNECTIONS = 32;

/** Starts one on a database of its own. */
export async function startPgBoss(): Promise<Bus> {
  const connectionString = await (await sharedPostgres()).database("pgboss");
  const boss = new PgBoss({ connectionString, max: CONNECTIONS, supervise: false, schedule: false });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await boss.createQueue(QUEUE);
  const end = toEnd(() => boss.stop({ graceful: false }));
  return {
    lanes: async (count) =>
      upTo(count).map(() => ({
        async trip(body) {
          const began = performance.now();
          await boss.send(QUEUE, { body });
          const answered = performance.now() - began;
          // Whose job it is makes no difference: each lane works one for each that it sent.
          let [job] = await boss.fetch(QUEUE);
          while (!job) [job] = await boss.fetch(QUEUE);
          const received = performance.now() - began;
          await boss.complete(QUEUE, job.id);
          return { answered, received, acked: performance.now() - began };
        },
      })),
    fan: () => Promise.reject(new Error("pg-boss has no subscribers of one message")),
    [Symbol.asyncDispose]: end,
  };
}
