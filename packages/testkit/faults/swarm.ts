/** A swarm: 50 agents that talk all the time, 20 readers and a backup beside them; all of it for as long as there is time. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { MeshApiError, MeshClient } from "@agentmesh/client";
import { seededRandom, startTestBroker, type TestAgent, type TestBroker, tempDir, until } from "testkit";
import { Expectations, type Fault, sleep } from "./fault.ts";

const AGENTS = 50;
const MESSAGES_A_MINUTE = 300;
const READERS = 20;
/** What a send may take, beside what the machine takes by itself at the same time. */
const MOST_P99_MS = 50;
const MOST_BYTES_PER_MESSAGE = 8_192;
const BASE_BYTES = 4 << 20;
const BODY = "what an agent has to say, in a few lines. ".repeat(10);

interface Watch {
  readonly broker: TestBroker;
  readonly all: Expectations;
  readonly over: AbortSignal;
}

/** Takes mail as it comes, until all is over. */
async function receive({ over }: Watch, { client }: TestAgent, got: Set<string>): Promise<void> {
  const session = await client.join({ pushPaths: [{ path: "stream" }] });
  for await (const delivery of session.inbox({ signal: over })) {
    await delivery.ack().catch(() => undefined);
    got.add(delivery.message.id);
  }
  await session.leave();
}

/** Looks at what a person or an agent looks at, again and again. */
async function look({ broker, all, over }: Watch, { client, agent }: TestAgent, n: number): Promise<number> {
  const impatient = new MeshClient({ url: broker.url, token: broker.key, retryForMs: 0 });
  const looks = [
    () => client.listAgents(),
    () => client.listInbox({ state: "all" }),
    () => client.log({ limit: 50 }),
    () => impatient.log({ limit: 500 }),
    () => impatient.listInbox({ agent: agent.name, state: "all" }),
    () => impatient.status(),
  ];
  let count = 0;
  for (; !over.aborted; count++) {
    await looks[(n + count) % looks.length]?.().catch((error: unknown) => {
      const code = error instanceof MeshApiError ? error.code : String(error);
      all.expect(false, `a reader was answered ${code}`);
    });
    await sleep(200);
  }
  return count;
}

/** Copies the database while it is written, again and again; each copy must be whole. */
async function backUp({ broker, all, over }: Watch): Promise<number> {
  let copies = 0;
  for (; !over.aborted; copies++) {
    using folder = tempDir();
    const path = join(folder.path, "copy.db");
    const live = new DatabaseSync(join(broker.home, "mesh.db"), { readOnly: true, timeout: 5_000 });
    await backup(live, path);
    live.close();
    all.expect(integrityOf(path) === "ok", `a backup is not whole: ${integrityOf(path)}`);
    for (let waited = 0; waited < 5_000 && !over.aborted; waited += 100) await sleep(100);
  }
  return copies;
}

function integrityOf(path: string): unknown {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    return db.prepare("PRAGMA integrity_check").get()?.integrity_check;
  } finally {
    db.close();
  }
}

/**
 * What the machine takes by itself at the same time, five times a second: to write a page to the disk and flush it, and
 * to wake a process, of which a send needs four.
 */
async function probe({ broker, over }: Watch): Promise<number[]> {
  const times: number[] = [];
  const file = await open(join(broker.home, "probe"), "w");
  while (!over.aborted) {
    const slept = performance.now();
    await sleep(200);
    const late = performance.now() - slept - 200;
    const began = performance.now();
    await file.write(Buffer.alloc(4_096, 1), 0, 4_096, 0);
    await file.datasync();
    times.push(performance.now() - began + 4 * late);
  }
  await file.close();
  return times;
}

const quantile = (times: readonly number[], q: number) =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * q)] ?? 0;

/** Sends at the swarm's pace until the time is over; returns the ids and how long each answer took. */
async function sendAll(agents: readonly TestAgent[], random: () => number, end: number, all: Expectations) {
  const sent: string[] = [];
  const times: number[] = [];
  const pending = new Set<Promise<void>>();
  const some = () => agents[Math.floor(random() * agents.length)];
  for (let next = performance.now(); next < end; next += 60_000 / MESSAGES_A_MINUTE) {
    await sleep(Math.max(0, next - performance.now()));
    const [from, to] = [some(), some()];
    if (!from || !to) continue;
    const began = performance.now();
    const sending = from.client
      .send({ to: to.agent.name, body: `${sent.length} ${BODY}` })
      .then(({ messageId }) => {
        times.push(performance.now() - began);
        sent.push(messageId);
      })
      .catch((error: unknown) => all.expect(false, `a send was answered ${error}`))
      .finally(() => pending.delete(sending));
    pending.add(sending);
  }
  await Promise.all(pending);
  return { sent, times };
}

/** T46: no busy database for anybody, quick answers, a database that is whole and as large as it has to be. */
export const swarm: Fault = {
  name: "swarm",
  turnMs: Number.POSITIVE_INFINITY,
  async run(turn) {
    const all = new Expectations();
    await using broker = await startTestBroker({ logLevel: "info" });
    const agents: TestAgent[] = [];
    for (let i = 0; i < AGENTS; i++) agents.push(await broker.agent(`swarm-${i}`));
    const over = new AbortController();
    const watch: Watch = { broker, all, over: over.signal };
    const got = new Set<string>();
    const receiving = agents.map((agent) => receive(watch, agent, got));
    const reading = agents.slice(0, READERS).map((agent, n) => look(watch, agent, n));
    const copying = backUp(watch);
    const probing = probe(watch);
    const { sent, times } = await sendAll(agents, seededRandom(turn.seed), turn.until, all);
    const settled = until(() => sent.every((id) => got.has(id)), "", 20_000).catch(() => false);
    all.expect(
      (await settled) === true,
      `${sent.filter((id) => !got.has(id)).length} of ${sent.length} did not arrive`,
    );
    over.abort();
    await Promise.all(receiving);
    const looks = (await Promise.all(reading)).reduce((a, b) => a + b, 0);
    const copies = await copying;
    const probed = await probing;
    const { bytes } = (await broker.admin.status()).storage;
    const [p50, p99, bare] = [quantile(times, 0.5), quantile(times, 0.99), quantile(probed, 0.99)];
    all.expect(
      p99 < MOST_P99_MS + bare,
      `p99 of a send was ${p99.toFixed(0)} ms, of the machine by itself ${bare.toFixed(0)} ms`,
    );
    const most = BASE_BYTES + sent.length * MOST_BYTES_PER_MESSAGE;
    all.expect(bytes < most, `the database has ${bytes} bytes for ${sent.length} messages`);
    await broker.kill("SIGTERM");
    all.expect(integrityOf(join(broker.home, "mesh.db")) === "ok", "the database is not whole");
    all.notes.push(
      `${sent.length} messages, ${looks} looks, ${copies} backups; send p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)} ms, the machine by itself p99 ${bare.toFixed(1)} ms; database ${(bytes / 1_048_576).toFixed(1)} MiB`,
    );
    return all.outcome(1, { accepted: sent.length, acked: got.size });
  },
};
