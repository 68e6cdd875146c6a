/** Damage to the database's files: refused with exit 74, or its loss is told, or nothing is lost; never empty. */
import { appendFileSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, runProgram, startTestBroker, type TestBroker } from "testkit";
import { Expectations, type Fault, sleep } from "./fault.ts";

type Verdict = "refused" | "told" | "whole";

interface Damage {
  readonly name: string;
  /** Stopped in order, the log is in the database file; killed, the newest part is in the WAL. */
  readonly stop: "SIGTERM" | "SIGKILL";
  /** Any of these is right. */
  readonly right: readonly Verdict[];
  do(db: string): void;
}

const FILLER = "what was accepted must be there, or its loss be told. ".repeat(20);
const MESSAGES = 60;
/** Messages after the last high-water mark: it is written every 5 s. */
const MARK_EVERY_MS = 5_100;

function edit(path: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
}

const DAMAGES: readonly Damage[] = [
  {
    name: "header zeroed",
    stop: "SIGTERM",
    right: ["refused"],
    do: (db) => edit(db, (bytes) => bytes.fill(0, 0, 100)),
  },
  {
    name: "page scrambled",
    stop: "SIGTERM",
    right: ["refused"],
    do: (db) => edit(db, (bytes) => bytes.fill(0xa5, bytes.length >> 1, (bytes.length >> 1) + 4_096)),
  },
  {
    name: "truncated to half",
    stop: "SIGTERM",
    right: ["refused"],
    do: (db) => truncateSync(db, statSync(db).size >> 1),
  },
  {
    name: "truncated to half, WAL beside it",
    stop: "SIGKILL",
    right: ["refused", "told", "whole"],
    do: (db) => truncateSync(db, Math.max(4_096, (statSync(db).size >> 13) << 12)),
  },
  {
    name: "header zeroed, WAL beside it",
    stop: "SIGKILL",
    right: ["refused", "told", "whole"],
    do: (db) => edit(db, (bytes) => bytes.fill(0, 0, 100)),
  },
  { name: "zero-length file", stop: "SIGTERM", right: ["refused"], do: (db) => truncateSync(db, 0) },
  { name: "file deleted", stop: "SIGTERM", right: ["refused"], do: (db) => rmSync(db) },
  { name: "zero-length, WAL beside it", stop: "SIGKILL", right: ["refused"], do: (db) => truncateSync(db, 0) },
  {
    name: "garbage after the WAL",
    stop: "SIGKILL",
    right: ["whole"],
    do: (db) => appendFileSync(`${db}-wal`, Buffer.alloc(9_999, 0x5a)),
  },
  {
    name: "frame flipped mid-WAL",
    stop: "SIGKILL",
    right: ["told", "refused"],
    do: (db) => edit(`${db}-wal`, (bytes) => bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 16)),
  },
  { name: "-wal deleted", stop: "SIGKILL", right: ["told", "refused"], do: (db) => rmSync(`${db}-wal`) },
  {
    name: "-shm garbage",
    stop: "SIGKILL",
    right: ["whole"],
    do: (db) => edit(`${db}-shm`, (bytes) => bytes.fill(0x33)),
  },
];

const files = (home: string) =>
  ["mesh.db", "mesh.db-wal", "mesh.mark.json"].map((name) => {
    const path = join(home, name);
    return existsSync(path) ? readFileSync(path).toString("base64") : "none";
  });

/** Fills a broker, stops it, damages it, and starts it again. */
async function one(damage: Damage, expectations: Expectations): Promise<number> {
  await using broker = await startTestBroker();
  const alice = await broker.agent("alice");
  await broker.agent("bob");
  if (damage.stop === "SIGKILL") {
    // A first part in the database file, so that a lost WAL leaves a mesh that could be served.
    for (let i = 0; i < 5; i++) await alice.client.send({ to: "bob", body: `first ${i} ${FILLER}` });
    await broker.kill("SIGTERM");
    await broker.start();
  }
  for (let i = 0; i < MESSAGES; i++) await alice.client.send({ to: "bob", body: `${i} ${FILLER}` });
  if (damage.stop === "SIGKILL") await sleep(MARK_EVERY_MS);
  await alice.client.send({ to: "bob", body: `last ${FILLER}` });
  const { queued } = (await broker.admin.status()).deliveries;
  await broker.kill(damage.stop);
  damage.do(join(broker.home, "mesh.db"));
  const verdict = await startAgain(broker, damage, queued, expectations);
  const right = damage.right.some((each) => each === verdict);
  expectations.expect(right, `${damage.name}: ${verdict}, not ${damage.right.join(" or ")}`);
  expectations.notes.push(`${damage.name}: ${verdict}`);
  return queued;
}

async function startAgain(
  broker: TestBroker,
  { name }: Damage,
  queued: number,
  expectations: Expectations,
): Promise<string> {
  const before = files(broker.home);
  const refusal = await broker.start().then(
    () => undefined,
    (error: Error) => error.message,
  );
  if (refusal !== undefined) {
    expectations.expect(refusal.includes("ended with 74"), `${name}: ${refusal}`);
    const after = files(broker.home);
    const same = after.every((content, i) => content === before[i]);
    expectations.expect(same, `${name}: the refusal says that nothing was changed, but the files differ`);
    await startEmpty(broker.home, name, expectations);
    return "refused";
  }
  const now = (await broker.admin.status()).deliveries.queued;
  if (broker.log().includes("store.tail_lost")) return "told";
  return now === queued ? "whole" : `${queued - now} of ${queued} messages gone without a word`;
}

/** The way out that the refusal names. */
async function startEmpty(home: string, name: string, expectations: Expectations): Promise<void> {
  const env = cleanEnv({ AGENTMESH_HOME: home });
  const again = await runProgram("broker", ["--port", "0"], { env });
  expectations.expect(again.code === 74, `${name}: refused once, but the second start ended with ${again.code}`);
  expectations.expect(again.stderr.includes("--start-empty"), `${name}: the refusal names no way out`);
}

/** One byte of a message's text: SQLite has no checksum of a row, the hash beside the body finds it. */
async function textByte(expectations: Expectations): Promise<number> {
  await using broker = await startTestBroker();
  const alice = await broker.agent("alice");
  const bob = await broker.agent("bob");
  for (let i = 0; i < MESSAGES; i++) await alice.client.send({ to: "bob", body: `message ${i}: ${FILLER}` });
  await broker.kill("SIGTERM");
  // A number alone could be the end of what stands before another message's text.
  const marked = `message ${MESSAGES >> 1}: ${FILLER.slice(0, 20)}`;
  edit(join(broker.home, "mesh.db"), (bytes) => {
    // Wherever the file has this text.
    for (let at = bytes.indexOf(marked); at >= 0; at = bytes.indexOf(marked, at + 1))
      bytes.write("M", at + marked.length - 5);
  });
  await broker.start();
  const received: string[] = [];
  for (;;) {
    const { deliveries } = await bob.client.lease({ waitMs: 1_000 });
    if (deliveries.length === 0) break;
    for (const { id, receipt, message } of deliveries) {
      received.push(message.body);
      await bob.client.ack({ delivery: id, receipt });
    }
  }
  const intact = received.every((body) => body.endsWith(FILLER));
  expectations.expect(intact, "one byte in a text: a changed text was handed out");
  expectations.expect(received.length === MESSAGES - 1, `one byte in a text: ${received.length} texts arrived`);
  const { entries } = await broker.admin.listDead({});
  const dead = entries.map(({ reason }) => reason).join();
  expectations.expect(dead === "corrupt_body", `one byte in a text: dead letters for ${dead || "no reason"}`);
  const [notice] = (await alice.client.lease()).deliveries;
  const told = notice?.message.kind === "bounce" && broker.log().includes("message.damaged");
  expectations.expect(told, "one byte in a text: nobody was told");
  expectations.notes.push("one byte in a text: dead letter, sender told");
  return MESSAGES;
}

/** How many brokers are damaged beside each other: most of the time each waits for its high-water mark. */
const BESIDE = 4;

/** Damage to the files of a stopped broker, each kind once, as far as the time goes. */
export const damaged: Fault = {
  name: "damage",
  async run(turn) {
    const expectations = new Expectations();
    const latest = Math.max(turn.until, performance.now() + 30_000);
    const left = [() => textByte(expectations), ...DAMAGES.map((damage) => () => one(damage, expectations))];
    let accepted = 0;
    let rounds = 0;
    const work = async () => {
      for (let next = left.shift(); next && performance.now() < latest; next = left.shift()) {
        accepted += await next();
        rounds++;
      }
    };
    await Promise.all(Array.from({ length: BESIDE }, work));
    if (left.length > 0) expectations.notes.push(`no time left for ${left.length} kinds of damage`);
    return expectations.outcome(rounds, { accepted });
  },
};
