/** Faults of receivers: one that reads a byte a second, one that is stopped, one whose socket nobody reads. */
import { readFileSync } from "node:fs";
import { bareStream, startReceiver, startTestBroker, type TestAgent, type TestBroker, until } from "testkit";
import { RECOVERY_MS } from "./bounds.ts";
import { Expectations, type Fault } from "./fault.ts";
import { loadOn, QUICK } from "./under-load.ts";

const QUEUED = 10_000;
const BODY = "a line of a long message that nobody reads. ".repeat(24);
/** The database's page cache takes 64 MiB of it. */
const MOST_RSS_MIB = 256;
const MOST_GROWTH_MIB = 64;
const MAIL = 40;
const STOPPED_LEASE_MS = 2_000;
const TAKEN_OVER_MS = 20_000;

/** Resident memory of the broker, in MiB. */
function rss(broker: TestBroker): number {
  const status = readFileSync(`/proc/${broker.pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024);
}

/** 95th percentile of the time from send to receipt between two agents, in milliseconds. */
async function latency(alice: TestAgent, bob: TestAgent, forMs: number): Promise<number> {
  const times: number[] = [];
  const over = new AbortController();
  const inbox = bob.client.inbox({ signal: over.signal });
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    const next = inbox.next();
    const began = performance.now();
    await alice.client.send({ to: bob.agent.name, body: `at ${began}` });
    const { value } = await next;
    times.push(performance.now() - began);
    await value?.ack();
  }
  over.abort();
  await inbox.next();
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? 0;
}

/** 10,000 messages for a receiver that reads one byte a second; the others must not notice. */
export const slowConsumer: Fault = {
  name: "slow-consumer",
  missing: () => (process.platform === "linux" ? undefined : "the broker's memory is read from /proc"),
  async run() {
    const expectations = new Expectations();
    await using broker = await startTestBroker({ env: QUICK });
    const [alice, bob, slow] = [await broker.agent("alice"), await broker.agent("bob"), await broker.agent("slow")];
    const atRest = rss(broker);
    const alone = await latency(alice, bob, 2_000);
    let n = 0;
    const send = async () => {
      while (n < QUEUED) await alice.client.send({ to: "slow", body: `${n++} ${BODY}` });
    };
    await Promise.all(Array.from({ length: 16 }, send));
    const full = rss(broker);
    using socket = await bareStream(broker, slow, "maxInFlight=256");
    const reading = setInterval(() => socket.raw.read(1), 1_000);
    const beside = await latency(alice, bob, 5_000);
    clearInterval(reading);
    const beforeEnd = rss(broker);
    const most = Math.max(full, beforeEnd);
    const { deliveries } = await broker.admin.status();
    expectations.expect(
      deliveries.queued + deliveries.leased === QUEUED,
      `of ${QUEUED} there are ${JSON.stringify(deliveries)}`,
    );
    expectations.expect(deliveries.leased <= 256, `${deliveries.leased} are leased to a stream with credit 256`);
    expectations.expect(most < MOST_RSS_MIB, `the broker has ${most} MiB in memory (${atRest} at rest)`);
    expectations.expect(
      beforeEnd - full < MOST_GROWTH_MIB,
      `the slow stream made the broker grow from ${full} to ${beforeEnd} MiB`,
    );
    expectations.expect(
      beside < alone * 10 + 50,
      `p95 ${beside.toFixed(1)} ms beside it, ${alone.toFixed(1)} ms without`,
    );
    expectations.notes.push(
      `memory ${atRest} MiB at rest, ${full} with ${QUEUED} queued, ${beforeEnd} with the slow stream; p95 ${alone.toFixed(1)} → ${beside.toFixed(1)} ms`,
    );
    return expectations.outcome(1, { accepted: QUEUED });
  },
};

/** The agent's next session must get and ack all its mail although the one before still looks alive. */
async function takenOver(broker: TestBroker, { agent, client }: TestAgent, what: string, all: Expectations) {
  const began = performance.now();
  const over = new AbortController();
  const session = await client.join();
  const reading = (async () => {
    for await (const delivery of session.inbox({ signal: over.signal })) await delivery.ack();
  })();
  const queued = async () => (await broker.admin.listInbox({ agent: agent.name })).open;
  const empty = await until(async () => (await queued()) === 0, "", TAKEN_OVER_MS).catch(() => false);
  const seconds = (performance.now() - began) / 1_000;
  const left = await queued();
  all.expect(
    empty === true,
    `${what}: after ${seconds.toFixed(0)} s ${left} of ${MAIL} have not come to the next session`,
  );
  if (empty) all.notes.push(`${what}: all mail taken over after ${seconds.toFixed(1)} s`);
  over.abort();
  await reading;
  await session.leave();
}

async function sendMail(alice: TestAgent, to: string): Promise<void> {
  for (let i = 0; i < MAIL; i++) await alice.client.send({ to, body: `${to} ${i}` });
}

const leasedTo = (broker: TestBroker, agent: string) => async () =>
  (await broker.admin.listInbox({ agent })).entries.some(({ state }) => state === "leased");

async function unread(broker: TestBroker, alice: TestAgent, all: Expectations): Promise<void> {
  const agent = await broker.agent("unread");
  using _socket = await bareStream(broker, agent, `leaseMs=${STOPPED_LEASE_MS}`);
  await sendMail(alice, "unread");
  await until(leasedTo(broker, "unread"), "the stream to get mail");
  await takenOver(broker, agent, "a socket nobody reads", all);
}

async function stopped(broker: TestBroker, alice: TestAgent, all: Expectations): Promise<void> {
  const agent = await broker.agent("stopped");
  await using receiver = await startReceiver(broker, agent, { leaseMs: STOPPED_LEASE_MS, workMs: 100 });
  await sendMail(alice, "stopped");
  await until(leasedTo(broker, "stopped"), "the receiver to get mail");
  receiver.child.kill("SIGSTOP");
  await takenOver(broker, agent, "a stopped receiver", all);
  receiver.child.kill("SIGCONT"); // its late acks must change nothing
  const settled = async () => (await broker.admin.listInbox({ agent: "stopped" })).open === 0;
  await until(settled, "a stopped receiver that goes on to leave an empty inbox", 45_000);
}

/** A receiver that neither reads nor closes: its agent's mail comes to the next session. */
export const halfOpen: Fault = {
  name: "half-open",
  async run(turn) {
    const expectations = new Expectations();
    await using broker = await startTestBroker({ env: { ...QUICK, AGENTMESH_MAX_ATTEMPTS: "10" } });
    const alice = await broker.agent("alice");
    // Others go on meanwhile, and must not notice.
    const outcome = await loadOn(broker, turn, {
      act: ({ workload }) =>
        workload.during("half-open receiver", async () => {
          await Promise.all([unread(broker, alice, expectations), stopped(broker, alice, expectations)]);
        }),
      rounds: 1,
      maxGapMs: RECOVERY_MS["half-open receiver"],
      workload: { senders: 2, receivers: 2, crashShare: 0, nackShare: 0, pauseMs: 20 },
    });
    const { dead, acked } = (await broker.admin.status()).deliveries;
    expectations.expect(dead === 0, `${dead} became dead letters`);
    const { found, notes } = expectations;
    return { ...outcome, rounds: 2, acked, found: [...outcome.found, ...found], notes };
  },
};
