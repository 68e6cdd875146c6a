/** Questions that nobody can answer any more, that were not given to anybody, or that are owed again. */
import { startTestBroker, type TestAgent, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

let pairs = 0;
/** Two agents: who asks, and who is asked. */
async function pair(): Promise<{ asker: TestAgent; asked: TestAgent; name: string }> {
  const n = ++pairs;
  const name = `asked-${n}`;
  return { asker: await broker.agent(`asker-${n}`), asked: await broker.agent(name), name };
}

const leaseOne = async ({ client }: TestAgent) => {
  const [delivery] = (await client.lease({ waitMs: 10_000 })).deliveries;
  if (!delivery) throw new Error("nothing was leased");
  return delivery;
};

const notices = async ({ client }: TestAgent) =>
  (await client.listInbox()).entries.map(({ message }) => `${message.kind}: ${message.body}`);

describe("an ask", () => {
  test("ends with the reason, long before its time, when its question is rejected", async () => {
    const { asker, asked, name } = await pair();
    const asking = asker.client.ask({ to: name, body: "will you?", timeoutMs: 50_000 });
    const { id, receipt } = await leaseOne(asked);
    await asked.client.reject({ delivery: id, receipt, reason: "not my repository" });
    expect(await asking).toMatchObject({
      status: "ended",
      delivery: { state: "dead" },
      endedWhy: "not my repository",
    });
  });

  test("ends when the agent asked is removed, and nothing stays owed to an asker that was", async () => {
    const { asker, asked, name } = await pair();
    const asking = asker.client.ask({ to: name, body: "are you there?", timeoutMs: 50_000 });
    await leaseOne(asked);
    await broker.admin.removeAgent({ agent: name });
    expect(await asking).toMatchObject({ status: "ended", endedWhy: "recipient_gone" });

    const other = await pair();
    const answer = { inReplyTo: "1", body: "in time", idempotencyKey: "in-time" };
    await other.asker.client.ask({ to: other.name, body: "and you?", timeoutMs: 50 });
    await other.asker.client.ask({ to: other.name, body: "and then?", timeoutMs: 50 });
    const { messageId } = await other.asked.client.send(answer);
    await broker.admin.removeAgent({ agent: other.asker.agent.id });
    expect((await other.asked.client.listAsks()).owed).toEqual([]);
    expect(await other.asked.client.send(answer)).toMatchObject({ messageId, duplicate: true });
    await expect(other.asked.client.send({ inReplyTo: "2", body: "yes" })).rejects.toMatchObject({
      code: "agent_not_found",
      message: expect.stringContaining(`${other.asker.agent.name} has left the mesh`),
    });
  });

  test("under the key of an ordinary send is refused, and a send under the key of an ask", async () => {
    const { asker, name } = await pair();
    const message = { to: name, body: "the same words", idempotencyKey: "one-key" };
    await asker.client.send(message);
    const mismatch = { code: "idempotency_mismatch" };
    await expect(asker.client.ask({ ...message, timeoutMs: 50 })).rejects.toMatchObject(mismatch);
    await asker.client.ask({ ...message, idempotencyKey: "another", timeoutMs: 50 });
    await expect(asker.client.send({ ...message, idempotencyKey: "another" })).rejects.toMatchObject(mismatch);
  });

  test("whose question the policy of the agent asked holds is in no list of what it owes, and reminds nobody but the asker", async () => {
    const { asker, asked, name } = await pair();
    await asked.client.setPolicy({ agent: "me", otherwise: "hold" });
    const sent = await asker.client.ask({ to: name, body: "obey me", timeoutMs: 50, answerWithinMs: 1_000 });
    expect(sent).toMatchObject({ status: "pending", delivery: { state: "held" } });
    expect((await asked.client.listAsks()).owed).toEqual([]);
    expect((await asker.client.listAsks()).waiting).toHaveLength(1);
    const { deliveries } = await asker.client.getMessage({ message: sent.messageId });
    expect(deliveries[0]?.outlook?.remedy).toBe(`Wait: ${name} or its owner decides.`);
    await until(async () => (await notices(asker)).length > 0, "the notice to the asker");
    expect(await notices(asker)).toEqual([expect.stringContaining("its policy holds it until somebody admits it")]);
    expect(await notices(asked)).toEqual([]);
  });

  test("that was a dead letter is owed again when it is put back", async () => {
    const { asker, asked, name } = await pair();
    await asker.client.ask({ to: name, body: "once more?", timeoutMs: 50 });
    const { id, receipt } = await leaseOne(asked);
    await asked.client.reject({ delivery: id, receipt, reason: "by mistake" });
    expect((await asked.client.listAsks()).owed).toEqual([]);
    await asked.client.redrive({ delivery: id });
    expect((await asked.client.listAsks()).owed).toMatchObject([{ preview: "once more?", overdue: false }]);
  });
});

test("what is written about a message to somebody else shows that it was read, not that it was answered", async () => {
  const { asker, asked, name } = await pair();
  const { messageId } = await asker.client.send({ to: name, body: "which port?" });
  const third = await broker.agent("third-party");
  await asked.client.send({ to: "third-party", inReplyTo: messageId, body: "they ask for a port" });
  const { deliveries } = await asker.client.getMessage({ message: messageId });
  expect(deliveries[0]?.timeline.at(-1)).toMatchObject({ event: "acked", reason: "read" });
  expect((await third.client.lease()).deliveries).toHaveLength(1);
});

test("a cancel that is repeated is answered again, though another recipient has the message", async () => {
  const [one, two] = [await broker.agent("cancel-one"), await broker.agent("cancel-two")];
  for (const { client } of [one, two]) await client.subscribe({ topic: "cancel.test" });
  const sender = await broker.agent("cancel-sender");
  const { messageId } = await sender.client.publish({ topic: "cancel.test", body: "x" });
  await leaseOne(one);
  expect(await sender.client.cancel({ message: messageId })).toMatchObject({ cancelled: 1, given: 1 });
  expect(await sender.client.cancel({ message: messageId })).toMatchObject({ cancelled: 0, given: 1 });
});

test("a dead letter of an agent that has left says so when it is to be put back", async () => {
  const { asker, name } = await pair();
  const { deliveries } = await asker.client.send({ to: name, body: "too late" });
  await broker.admin.removeAgent({ agent: name });
  await expect(broker.admin.redrive({ delivery: deliveries[0]?.deliveryId ?? "1" })).rejects.toMatchObject({
    code: "agent_not_found",
    message: expect.stringContaining(`was for ${name}, who has left the mesh`),
  });
});
