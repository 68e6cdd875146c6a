/** P9: a broker through which much has gone: sent, acked and pruned. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { eachOf, upTo, within } from "../bus.ts";
import { BUILDS, body, type Load, percentile } from "../load.ts";
import { rest } from "../machine/pause.ts";
import { memoryOf } from "../machine/process.ts";
import { type Broker, startBroker } from "../ours/broker.ts";
import { fastDrain } from "../ours/drain.ts";
import { type Agent, register, send } from "../ours/mesh.ts";

/** In so many parts; between two of them a day passes by the broker's clock, and what has ended is pruned. */
const PARTS = { smoke: 2, usual: 4, whole: 10 } as const;
const MESSAGES = { smoke: 320, usual: 20_000, whole: 1_000_000 } as const;
const PAIRS = 16;
/** Sent before they are leased and acked. */
const BATCH = 10;
/** The broker prunes once a minute. */
const PRUNED_WITHIN_MS = 240_000;
const DAY_MS = 86_400_000;

/** The load. */
export const muchPassed: Load = {
  id: "P9",
  title: "After much was sent, acked and pruned",
  how: (size) =>
    `${MESSAGES[size].toLocaleString("en-US")} messages of 1 KiB from ${PAIRS} senders to as many receivers, which lease and ack them, in ${PARTS[size]} parts. After each part the broker's clock is set a day ahead, and it prunes; then its RSS and its database are looked at. The first part is the warm-up of memory and database.`,
  figures: [
    { key: "rss", what: "RSS, after the last part ÷ after the first", unit: "×", better: "less" },
    { key: "database", what: "database, after the last part ÷ after the first", unit: "×", better: "less" },
    { key: "send99", what: "send answered, p99, last part ÷ first", unit: "×", better: "less" },
    { key: "rate", what: "sent and acked, last part", unit: "per s", better: "more" },
    { key: "rssLast", what: "RSS, after the last part", unit: "MiB", better: "less" },
    { key: "databaseLast", what: "database, after the last part", unit: "MiB", better: "less" },
  ],
  goals: [
    { figure: "send99", most: 1.3 },
    { figure: "rss", most: 1.1 },
    { figure: "database", most: 1.1 },
  ],
  sides: BUILDS,
  together: false,
  warmUps: 0,
  mostRounds: 1,
  async open({ build }, size) {
    if (!build) throw new Error("only ours keeps a history that is pruned");
    const broker = await startBroker(build, {
      nodeArgs: ["--import", new URL("../ours/stepped-clock.ts", import.meta.url).href],
      env: { AGENTMESH_RETENTION_MS: String(DAY_MS) },
    });
    return {
      async round() {
        const pairs = await openPairs(broker);
        const parts = [];
        for (let i = 0; i < PARTS[size]; i++) {
          const part = await passOn(pairs, MESSAGES[size] / PARTS[size]);
          await pruned(broker, part.lastMessage);
          parts.push({ ...part, rss: memoryOf(broker.pid).rss, database: databaseMib(broker.home) });
        }
        const [first, last] = [parts[0], parts.at(-1)];
        if (!first || !last) throw new Error("there were no parts");
        return {
          rss: last.rss / first.rss,
          database: last.database / first.database,
          send99: last.send99 / first.send99,
          rate: last.rate,
          rssLast: last.rss,
          databaseLast: last.database,
        };
      },
      [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
    };
  },
};

/** A sender and a receiver with what they need. */
interface Pair {
  send(text: string): Promise<string>;
  drain(): Promise<number>;
}

async function openPairs(broker: Broker): Promise<Pair[]> {
  // One after the other: each reads the contract, and of what strangers have not read yet a broker keeps a few MiB at most.
  return await eachOf(upTo(PAIRS), 1, async (i) => {
    const connection = await broker.connect();
    const sender: Agent = await register(broker, connection, `sender-${i}`);
    const receiver: Agent = await register(broker, connection, `receiver-${i}`);
    return {
      send: (text: string) => send(connection, sender, receiver.name, text),
      drain: await fastDrain(broker, receiver),
    };
  });
}

/** Sends so many, each acked before the next but few. */
async function passOn(pairs: readonly Pair[], messages: number) {
  const times: number[] = [];
  const began = performance.now();
  let lastReply = "";
  await Promise.all(
    pairs.map(async ({ send, drain }) => {
      for (let done = 0; done < messages / pairs.length; done += BATCH) {
        for (let i = 0; i < BATCH; i++) {
          const at = performance.now();
          lastReply = await send(body(done + i));
          times.push(performance.now() - at);
        }
        await within(60_000, "a drain", drain());
      }
    }),
  );
  const { messageId } = z.object({ messageId: z.string() }).parse(JSON.parse(lastReply));
  const seconds = (performance.now() - began) / 1_000;
  return { rate: times.length / seconds, send99: percentile(times, 0.99), lastMessage: messageId };
}

/** Sets the broker's clock a day ahead, and waits until it has pruned that message. */
async function pruned(broker: Broker, message: string): Promise<void> {
  broker.signal("SIGUSR2");
  const connection = await broker.connect();
  const ends = performance.now() + PRUNED_WITHIN_MS;
  for (;;) {
    const { status } = await connection.ask({ method: "GET", path: `/v1/messages/${message}`, token: broker.key });
    if (status === 404) return;
    if (performance.now() > ends) throw new Error(`${message} was not pruned within ${PRUNED_WITHIN_MS / 1_000} s`);
    await rest(500);
  }
}

/** The files of the database, the log of its last commits included. */
function databaseMib(home: string): number {
  const files = readdirSync(home).filter((name) => name.startsWith("mesh.db"));
  return files.reduce((sum, name) => sum + statSync(join(home, name)).size, 0) / 2 ** 20;
}
