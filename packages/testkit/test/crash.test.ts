/** kill -9 under load: what was answered 2xx is on disk, comes once acked no more, and keeps its sender's order. */

import type { MessageStatus } from "@agentmesh/protocol";
import { type Finding, History, seededRandom, startTestBroker, type TestAgent, type TestBroker, until } from "testkit";
import { describe, expect, test } from "vitest";

const ROUNDS = 25;
const SENDERS = 8;
const RECEIVERS = 4;

async function load(
  broker: TestBroker,
  rounds: number,
  seed: number,
): Promise<{ history: History; findings: Finding[] }> {
  const random = seededRandom(seed);
  const history = new History();
  const senders = await Promise.all(Array.from({ length: SENDERS }, (_, i) => broker.agent(`sender-${i}`)));
  const receivers = await Promise.all(Array.from({ length: RECEIVERS }, (_, i) => broker.agent(`receiver-${i}`)));
  const over = new AbortController();
  const reading = receivers.map((receiver) => read(receiver, history, over.signal));
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
  for (let round = 0; round < rounds; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20 + random() * 200));
    await broker.kill("SIGKILL");
    await broker.start();
  }
  sending = false;
  await Promise.all(writing);
  await until(
    async () => {
      const { deliveries } = await broker.admin.status();
      return deliveries.queued + deliveries.leased === 0;
    },
    "every inbox to be drained",
    20_000,
  );
  over.abort();
  await Promise.all(reading);
  const statuses = new Map<string, MessageStatus>();
  for (const message of history.messageIds()) {
    statuses.set(message, await broker.admin.getMessage({ message: message as `msg_${string}` }));
  }
  return { history, findings: history.check(statuses) };
}

async function read({ agent, client }: TestAgent, history: History, signal: AbortSignal): Promise<void> {
  for await (const delivery of client.inbox({ signal })) {
    const [from = "", to = "", n = ""] = delivery.body.split(" ");
    history.received({ by: agent.name, from, to, n: Number(n), messageId: delivery.message.id });
    await delivery.ack().catch(() => undefined);
  }
}

describe("a broker killed again and again under load", () => {
  const seed = Number(process.env.AGENTMESH_TEST_SEED) || Date.now() % 1_000_000;

  test(`loses nothing it accepted, delivers nothing acked, keeps each sender's order (${ROUNDS} kills, seed ${seed})`, async () => {
    await using broker = await startTestBroker({ env: { AGENTMESH_STREAM_GRACE_MS: "300" } });
    const { history, findings } = await load(broker, ROUNDS, seed);
    expect(findings).toEqual([]);
    expect(history.acceptedCount).toBeGreaterThan(ROUNDS);
    expect(history.receivedCount).toBeGreaterThanOrEqual(history.acceptedCount);
  }, 180_000);
});
