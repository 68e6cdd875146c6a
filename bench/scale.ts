/**
 * `pnpm bench:scale`: what a message leaves behind in SQLite and in Postgres, how long a mesh takes to be moved between them, and
 * what follows for larger ones: rows and bytes by retention, and how long senders wait at which share of what a database takes.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import pg from "pg";
import { seededRandom, tempDir } from "testkit";
import * as z from "zod";
import { eachOf } from "./bus.ts";
import { describeMachine, loadNow } from "./machine/describe.ts";
import { endAll } from "./machine/ends.ts";
import { buildAt } from "./ours/build.ts";
import { fastDrain } from "./ours/drain.ts";
import { storeOf } from "./ours/store-of.ts";
import { postgresName, sharedPostgres } from "./peers/embedded-postgres.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({
  options: {
    messages: { type: "string", default: "20000" },
    agents: { type: "string", default: "200" },
    /** Messages a second that the database takes, as P2 of `bench --postgres` found. */
    rate: { type: "string", default: "1000" },
  },
});
const [messages, agents, rate] = [Number(values.messages), Number(values.agents), Number(values.rate)];
const MIB = 1_048_576;
/** What an agent says, how much more in the busiest minute than on average, and how long it is kept. */
const MESSAGES_A_DAY = 200;
const PEAK = 5;
const KEPT_DAYS = 7;

const Moved = z.object({ tables: z.array(z.object({ table: z.string(), rows: z.int() })) });
type Moved = z.infer<typeof Moved>;
const Size = z.object({ name: z.string(), heap: z.coerce.number(), indexes: z.coerce.number() });

async function main(): Promise<void> {
  const build = buildAt(root);
  const { processors, model, memoryGib, node } = describeMachine();
  console.log(
    `${processors} × ${model}, ${memoryGib} GiB, load ${loadNow()}, Node ${node}, ${postgresName()}, commit ${build.commit}`,
  );
  using home = tempDir();
  const began = performance.now();
  const filled = await storeOf(build, agents, messages, home.path);
  await eachOf(filled.agents, 8, async (agent) => (await fastDrain(filled.broker, agent))());
  await filled.broker[Symbol.asyncDispose]();
  console.log(`${messages} messages of 1 KiB among ${agents} agents, all acked, made in ${seconds(began)} s`);
  const file = statSync(join(home.path, "mesh.db")).size;
  console.log(`in SQLite: ${(file / MIB).toFixed(1)} MiB, ${Math.round(file / messages)} bytes a message`);

  const url = await (await sharedPostgres()).database("scale");
  const there = await moved(build.program("broker"), home.path, "--to", url);
  const found = await sizesAt(url, new Map(there.tables.map(({ table, rows }) => [table, rows])));
  await moved(build.program("broker"), home.path, "--from", url, "--to", "sqlite");
  console.log(growth(found.bytes, found.rows));
  console.log(waits());
}

async function moved(program: string, home: string, ...args: readonly string[]): Promise<Moved> {
  const began = performance.now();
  const child = spawn(process.execPath, [program, "move", "--home", home, "--json", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the move ended with ${code}`);
  const result = Moved.parse(JSON.parse(text));
  const rows = result.tables.reduce((sum, each) => sum + each.rows, 0);
  const took = Number(seconds(began));
  const where = args[0] === "--to" ? "to Postgres" : "back";
  console.log(`moved ${where}: ${rows} rows in ${took} s, ${Math.round(rows / took)} a second, compared on both sides`);
  return result;
}

/** Prints what each large table holds, and returns what a message leaves in all of them. */
async function sizesAt(url: string, rows: ReadonlyMap<string, number>): Promise<{ bytes: number; rows: number }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("VACUUM ANALYZE");
  const { rows: found } = await client.query(
    `SELECT relname AS name, pg_table_size(oid) AS heap, pg_indexes_size(oid) AS indexes FROM pg_class
     WHERE relkind = 'r' AND relnamespace = 'agentmesh'::regnamespace AND reltuples >= $1
     ORDER BY pg_total_relation_size(oid) DESC`,
    [messages / 10],
  );
  await client.end();
  console.log("\n| table | rows a message | bytes a message | of these indexes |\n| --- | --- | --- | --- |");
  const all = { bytes: 0, rows: 0 };
  for (const { name, heap, indexes } of z.array(Size).parse(found)) {
    const each = (rows.get(name) ?? messages) / messages;
    all.bytes += (heap + indexes) / messages;
    all.rows += each;
    const [whole, part] = [heap + indexes, indexes].map((bytes) => Math.round(bytes / messages));
    console.log(`| ${name} | ${each.toFixed(2)} | ${whole} | ${part} |`);
  }
  console.log(`| all | ${all.rows.toFixed(2)} | ${Math.round(all.bytes)} | |`);
  return all;
}

/** What is kept of so many agents. */
function growth(bytes: number, rows: number): string {
  const lines = [10, 100, 1_000, 10_000, 100_000].map((count) => {
    const day = count * MESSAGES_A_DAY;
    const kept = day * KEPT_DAYS;
    const peak = ((day * PEAK) / 86_400).toFixed(1);
    return `| ${count} | ${day} | ${peak} | ${Math.round(kept * rows)} | ${((kept * bytes) / 2 ** 30).toFixed(1)} |`;
  });
  return [
    `\n${MESSAGES_A_DAY} messages an agent and day, ${PEAK} times as many at the peak, kept for ${KEPT_DAYS} days, in Postgres:`,
    "| agents | messages a day | a second at the peak | rows | GiB |",
    "| --- | --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
}

/** An hour of arrivals at random, one act after the other at what the database takes. */
function waits(): string {
  const lines = [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.05].map((share) => {
    const random = seededRandom(Math.round(share * 100));
    const took: number[] = [];
    let [now, free] = [0, 0];
    while (now < 3_600) {
      now += -Math.log(1 - random()) / (rate * share);
      free = Math.max(free, now) + 1 / rate;
      took.push((free - now) * 1_000);
    }
    const sorted = Float64Array.from(took).sort();
    const at = (part: number) => (sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(1);
    return `| ${share} | ${Math.round(rate * share)} | ${at(0.5)} | ${at(0.99)} | ${at(0.999)} |`;
  });
  return [
    `\nOne act after the other, ${rate} a second at most, arrivals at random for an hour:`,
    "| share of that | a second | p50, ms | p99, ms | p99.9, ms |",
    "| --- | --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
}

function seconds(began: number): string {
  return ((performance.now() - began) / 1_000).toFixed(1);
}

await main().finally(endAll);
