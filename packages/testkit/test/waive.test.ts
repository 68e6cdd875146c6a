/** An answer that nobody is to owe any more: who may say so, what becomes of whoever waits for it, and what both sides are told. */
import { MeshClient } from "@agentmesh/client";
import { startTestBroker, type TestAgent, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

let pairs = 0;
/** Two agents: who asks, and who is asked. */
async function pair(): Promise<{ asker: TestAgent; asked: TestAgent; to: string }> {
  const n = ++pairs;
  return { asker: await broker.agent(`asker-${n}`), asked: await broker.agent(`asked-${n}`), to: `asked-${n}` };
}

const notices = async ({ client }: Pick<TestAgent, "client">) =>
  (await client.listInbox()).entries
    .map(({ message }) => message)
    .filter(({ kind }) => kind !== "message")
    .map(({ kind, body }) => `${kind}: ${body}`);

const answerOf = async ({ client }: TestAgent, message: string) =>
  (await client.getMessage({ message })).deliveries[0]?.answer;

describe("an answer that is waived", () => {
  test("ends the call that waits for it at once, and is owed by nobody any more", async () => {
    const { asker, asked, to } = await pair();
    const asking = asker.client.ask({ to, body: "which port?", timeoutMs: 50_000 });
    await until(async () => (await asked.client.listAsks()).owed.length === 1, "the question");
    const [{ messageId = "none" } = {}] = (await asked.client.listAsks()).owed;
    const waived = await asker.client.waive({ message: messageId });
    expect(waived).toMatchObject({ messageId, from: { name: asker.agent.name }, to: { name: to } });
    expect(await asking).toMatchObject({ status: "ended", endedWhy: "waived by its asker", messageId });
    expect([(await asked.client.listAsks()).owed, (await asker.client.listAsks()).waiting]).toEqual([[], []]);
    expect(await answerOf(asked, messageId)).toMatchObject({ status: "not_coming", why: "waived by its asker" });
    expect(await notices(asked)).toEqual([
      `nudge: ${asker.agent.name} needs no answer to #1 any more: “which port?” Nobody waits for one; go on with your other work.`,
    ]);
    expect(await notices(asker)).toEqual([]);
    expect(await asker.client.waive({ message: messageId })).toEqual(waived);
    expect(await broker.admin.waive({ message: messageId })).toEqual(waived);
    expect([await notices(asked), await notices(asker)]).toMatchObject([[expect.any(String)], []]);
  });

  test("by the owner of the mesh, is told to its asker, who is to go on", async () => {
    const { asker, asked, to } = await pair();
    const { messageId } = await asker.client.ask({ to, body: "which port?", answerWithinMs: 1_000, timeoutMs: 0 });
    const overdue = async () =>
      (await broker.admin.listNeeds({ agent: to })).needs.filter(({ kind }) => kind === "overdue");
    await until(async () => (await overdue()).length === 1, "the answer to be overdue");
    const [need] = await overdue();
    expect(need?.remedies.map(({ act }) => act)).toEqual(["ask_again", "waive"]);
    expect(need?.remedies[1]?.command).toBe(`agentmesh waive ${messageId}`);
    const own = (await asked.client.listNeeds()).needs.find(({ kind }) => kind === "overdue");
    expect(own?.remedies.map(({ act }) => act)).toEqual(["ask_again"]);
    await broker.admin.waive({ message: messageId });
    expect(await overdue()).toEqual([]);
    expect((await notices(asked)).at(-1)).toContain("needs no answer to #1 any more");
    expect(await notices(asker)).toEqual([
      `bounce: Go on without the answer of ${to} to your question “which port?” It was waived with the mesh key: nobody owes it any more. A late answer would still come into your inbox.`,
    ]);
    const { timeline } = (await asker.client.getMessage({ message: messageId })).deliveries[0] ?? { timeline: [] };
    expect(timeline.at(-1)).toMatchObject({ event: "waived", reason: "with the mesh key" });
  });

  test("still comes when it is given late, and then the question is answered", async () => {
    const { asker, asked, to } = await pair();
    const { messageId } = await asker.client.ask({ to, body: "which port?", timeoutMs: 0 });
    await asker.client.waive({ message: messageId });
    await asked.client.send({ inReplyTo: "1", body: "4711" });
    expect((await asker.client.lease()).deliveries[0]?.message).toMatchObject({ body: "4711", inReplyTo: messageId });
    expect(await answerOf(asker, messageId)).toMatchObject({ status: "came", preview: "4711" });
  });

  test("of a question that is put back is owed again", async () => {
    const { asker, asked, to } = await pair();
    const { messageId } = await asker.client.ask({ to, body: "once more?", timeoutMs: 0 });
    await asker.client.waive({ message: messageId });
    const { deliveries } = await asked.client.lease();
    const { id = "none", receipt = "" } = deliveries.find(({ message }) => message.id === messageId) ?? {};
    await asked.client.reject({ delivery: id, receipt, reason: "by mistake" });
    await asked.client.redrive({ delivery: id });
    expect((await asked.client.listAsks()).owed).toMatchObject([{ messageId, overdue: false }]);
    expect(await answerOf(asker, messageId)).toMatchObject({ status: "awaited" });
  });
});

test("whoever owes an answer, and a stranger, are answered as of a message that is not there", async () => {
  const { asker, asked, to } = await pair();
  const { messageId } = await asker.client.ask({ to, body: "which port?", timeoutMs: 0 });
  const stranger = await broker.agent("waive-stranger");
  for (const { client } of [asked, stranger]) {
    const unknown = await client.waive({ message: messageId }).catch((error: unknown) => error);
    expect(unknown).toMatchObject({ code: "message_not_found" });
    expect(unknown).toMatchObject({
      message: `No message ${messageId} is known to this caller. Only its sender, its recipient and the mesh key may see one, and ended ones are pruned after their retention.`,
    });
  }
  await expect(asked.client.waive({ message: "1" })).rejects.toMatchObject({ code: "message_not_found" });
  expect((await asked.client.listAsks()).owed).toHaveLength(1);
  expect(await notices(asked)).toEqual([]);
});

test("a machine waives what its own agents asked, by the question or its delivery, and nothing else", async () => {
  const secret = `ami_${"w".repeat(43)}`;
  const token = `amm_${"w".repeat(43)}`;
  await broker.admin.invite({ secret });
  await broker.admin.joinMesh({ secret, token, host: "desk" });
  const machine = new MeshClient({ url: broker.url, token });
  const [one, other] = [`am_${"1".repeat(43)}`, `am_${"2".repeat(43)}`];
  await machine.register({ name: "desk-asker", token: one });
  await machine.register({ name: "desk-asked", token: other });
  const asker = new MeshClient({ url: broker.url, token: one });
  const elsewhere = await broker.agent("not-of-the-desk");
  const first = await asker.ask({ to: "desk-asked", body: "both are of it?", timeoutMs: 0 });
  const foreign = await elsewhere.client.ask({ to: "desk-asked", body: "owed by one of it?", timeoutMs: 0 });
  expect(await machine.waive({ message: first.delivery.deliveryId })).toMatchObject({ messageId: first.messageId });
  // What its machine does the asker has not done.
  expect(await notices({ client: asker })).toEqual([
    expect.stringContaining("It was waived at desk: nobody owes it any more."),
  ]);
  await expect(machine.waive({ message: foreign.messageId })).rejects.toMatchObject({ code: "message_not_found" });
});

test("what is no question, was answered or has ended is said to be owed by nobody, and what to look at", async () => {
  const { asker, asked, to } = await pair();
  const plain = await asker.client.send({ to, body: "no question" });
  await expect(asker.client.waive({ message: plain.messageId })).rejects.toMatchObject({
    code: "not_owed",
    status: 409,
    message: `${plain.messageId} is no question: nobody owes an answer to it. What is owed: agentmesh owed`,
  });
  const answered = await asker.client.ask({ to, body: "which port?", timeoutMs: 0 });
  const reply = await asked.client.send({ inReplyTo: answered.messageId, body: "4711" });
  await expect(asker.client.waive({ message: answered.messageId })).rejects.toMatchObject({
    code: "not_owed",
    message: `${answered.messageId} was answered by ${to} with ${reply.messageId}: there is nothing to waive. Look at it: agentmesh trace ${answered.messageId}`,
  });
  const cancelled = await asker.client.ask({ to, body: "never mind", timeoutMs: 0 });
  await asker.client.cancel({ message: cancelled.messageId });
  await expect(broker.admin.waive({ message: cancelled.messageId })).rejects.toMatchObject({
    code: "not_owed",
    message: expect.stringContaining(`${cancelled.messageId} is cancelled for ${to}: its answer is not owed any more`),
  });
});
