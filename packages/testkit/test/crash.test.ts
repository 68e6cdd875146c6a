/** kill -9 under load: what was answered 2xx is on disk, comes once acked no more, and keeps its sender's order. */
import {
  History,
  readLedger,
  seededRandom,
  startTestBroker,
  type TestAgent,
  type TestBroker,
  times,
  until,
} from "testkit";
import { describe, expect, test } from "vitest";

const SENDERS = 8;
const RECEIVERS = 4;
/** Each round has at least so many messages: a kill waits for them, however slow the machine is. */
const PER_ROUND = 20;

const seed = Number(process.env.AGENTMESH_TEST_SEED) || Date.now() % 1_000_000;

/** Sends without pause until the returned function is called, and writes down what was answered. */
async function sendOn(broker: TestBroker, history: History): Promise<() => Promise<void>> {
  const senders = await Promise.all(Array.from({ length: SENDERS }, (_, i) => broker.agent(`sender-${i}`)));
  let sending = true;
  const writing = senders.map(async ({ agent, client }, i) => {
    const pick = seededRandom(seed + i + 1);
    for (let n = 0; sending; n++) {
      const to = `receiver-${Math.floor(pick() * RECEIVERS)}`;
      history.trying(agent.name, to, n);
      const reply = await client.send({ to, body: `${agent.name} ${to} ${n}`, idempotencyKey: `${agent.name}:${n}` });
      history.sent({ from: agent.name, to, n, messageId: reply.messageId });
    }
  });
  return async () => {
    sending = false;
    await Promise.all(writing);
  };
}

/** Kills the broker and starts it again, `rounds` times, each at a random moment after some messages. */
async function killAgainAndAgain(broker: TestBroker, history: History, rounds: number): Promise<void> {
  const random = seededRandom(seed);
  for (let round = 0; round < rounds; round++) {
    const enough = history.acceptedCount + PER_ROUND;
    await until(() => history.acceptedCount >= enough, `${PER_ROUND} messages in round ${round}`, 30_000);
    await new Promise((resolve) => setTimeout(resolve, random() * 100));
    await broker.kill("SIGKILL");
    await broker.start();
  }
}

async function read({ agent, client }: TestAgent, history: History, signal?: AbortSignal): Promise<void> {
  for await (const delivery of client.inbox({ ...(signal && { signal }) })) {
    const [from = "", to = "", n = ""] = delivery.body.split(" ");
    history.received({ by: agent.name, from, to, n: Number(n), messageId: delivery.message.id });
    await delivery.ack().catch(() => undefined);
  }
}

const open = async (broker: TestBroker) => {
  const { deliveries } = await broker.admin.status();
  return deliveries.queued + deliveries.leased;
};

describe("a broker killed again and again under load", () => {
  const rounds = times(15, 4);

  test(`loses nothing it accepted, delivers nothing acked, keeps each sender's order (${rounds} kills, seed ${seed})`, async () => {
    await using broker = await startTestBroker({ env: { AGENTMESH_STREAM_GRACE_MS: "300" } });
    const { cursor } = await broker.admin.log({ limit: 1 });
    const history = new History();
    const receivers = await Promise.all(Array.from({ length: RECEIVERS }, (_, i) => broker.agent(`receiver-${i}`)));
    const over = new AbortController();
    const reading = receivers.map((receiver) => read(receiver, history, over.signal));
    const stop = await sendOn(broker, history);
    await killAgainAndAgain(broker, history, rounds);
    await stop();
    await until(async () => (await open(broker)) === 0, "every inbox to be drained", 30_000);
    over.abort();
    await Promise.all(reading);
    expect(history.check(await readLedger(broker.admin, cursor))).toEqual([]);
    expect(history.acceptedCount).toBeGreaterThanOrEqual(rounds * PER_ROUND);
    expect(history.receivedCount).toBeGreaterThanOrEqual(history.acceptedCount);
  }, 180_000);

  test("has everything it answered 202 for when nobody read it meanwhile, each once, numbered without a gap (T04)", async () => {
    await using broker = await startTestBroker();
    const { cursor } = await broker.admin.log({ limit: 1 });
    const history = new History();
    const receivers = await Promise.all(Array.from({ length: RECEIVERS }, (_, i) => broker.agent(`receiver-${i}`)));
    const stop = await sendOn(broker, history);
    await killAgainAndAgain(broker, history, times(5, 1));
    await until(() => history.acceptedCount >= 1_000, "a thousand messages", 60_000);
    await broker.kill("SIGKILL");
    await broker.start();
    await stop();
    expect(await open(broker)).toBe(history.acceptedCount);
    for (const { agent, client } of receivers) {
      const seqs: number[] = [];
      for (let queued = 1; queued > 0; ) {
        const page = await client.lease();
        queued = page.queued;
        for (const { seq, message } of page.deliveries) {
          seqs.push(seq);
          const [from = "", to = "", n = ""] = message.body.split(" ");
          history.received({ by: agent.name, from, to, n: Number(n), messageId: message.id });
        }
      }
      expect(seqs).toEqual(seqs.map((_, i) => i + 1));
    }
    const findings = history.check(await readLedger(broker.admin, cursor));
    // Nobody acks here; everything else must be as it was answered.
    expect(findings.filter(({ kind }) => kind !== "lost")).toEqual([]);
    expect(history.receivedCount).toBe(history.acceptedCount);
  }, 120_000);
});
