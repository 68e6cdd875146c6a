/** A trace ends where the story ends: with the answer, or with who owes it until when; an inbox shows what was asked. */
import { endpoints } from "@agentmesh/protocol";
import { startTestBroker, type TestAgent, type TestBroker } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cli } from "./run-cli.ts";

let broker: TestBroker;
let asker: TestAgent;
let asked: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker();
  asker = await broker.agent("asker");
  asked = await broker.agent("asked");
});
afterAll(() => broker[Symbol.asyncDispose]());

const TIME = String.raw`(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d`;

let asks = 0;

async function question(answerWithinMs = 600_000): Promise<string> {
  // The broker refuses the same text again and again.
  const body = `which port, for the ${++asks}. time?`;
  return (await asker.client.ask({ to: "asked", body, answerWithinMs, timeoutMs: 0 })).messageId;
}

async function read(messageId: string) {
  const { deliveries } = await asked.client.lease({ max: 25 });
  const [mine] = deliveries.filter(({ message }) => message.id === messageId);
  if (!mine) throw new Error(`${messageId} was not leased`);
  return mine;
}

/** Everything a question can come to, and what its trace ends with. */
const stories: readonly (readonly [string, () => Promise<string>, RegExp, string])[] = [
  [
    "a question that nobody was given yet",
    () => question(),
    new RegExp(`An answer of asked is awaited until ${TIME}; nothing came yet\\.`),
    "awaited",
  ],
  [
    "a question that was read",
    async () => {
      const id = await question();
      const { id: delivery, receipt } = await read(id);
      await asked.client.ack({ delivery, receipt, evidence: "read" });
      return id;
    },
    new RegExp(`acked +read\\n +An answer of asked is awaited until ${TIME}`),
    "awaited",
  ],
  [
    "a question that was answered",
    async () => {
      const id = await question();
      await read(id);
      await asked.client.send({ inReplyTo: id, body: "4711" });
      return id;
    },
    new RegExp(`asked answered at ${TIME}: “4711”\\s+(· )?msg_`),
    "came",
  ],
  [
    "a question that was answered in another thread",
    async () => {
      const id = await question();
      const other = await asker.client.send({ to: "asked", body: "another matter" });
      await asked.client.send({ inReplyTo: id, body: "4712", threadId: other.threadId });
      return id;
    },
    new RegExp(`asked answered at ${TIME}: “4712”`),
    "came",
  ],
  [
    "a question that was rejected",
    async () => {
      const id = await question();
      const { id: delivery, receipt } = await read(id);
      await asked.client.reject({ delivery, receipt, reason: "not mine" });
      return id;
    },
    /No answer of asked will come\./,
    "not_coming",
  ],
  [
    "a question that was taken back",
    async () => {
      const id = await question();
      await asker.client.cancel({ message: id });
      return id;
    },
    /No answer of asked will come\./,
    "not_coming",
  ],
  [
    "a message that was answered though nobody asked for it",
    async () => {
      const { messageId } = await asker.client.send({ to: "asked", body: "the port is free" });
      await read(messageId);
      await asked.client.send({ inReplyTo: messageId, body: "thanks" });
      return messageId;
    },
    new RegExp(`asked answered at ${TIME}: “thanks”`),
    "came",
  ],
];

describe("a trace", () => {
  test.each(stories)("of %s ends with what is to be said of the answer", async (_, story, said, status) => {
    const id = await story();
    expect((await cli(broker.home, ["trace", id])).stdout).toMatch(said);
    const { stdout } = await cli(broker.home, ["trace", id, "--json"]);
    const [delivery] = endpoints.getMessage.reply.parse(JSON.parse(stdout)).deliveries;
    expect(delivery?.answer).toMatchObject({ status, from: { name: "asked" } });
  });

  test("of a message that nobody answered and nobody has to says nothing of an answer", async () => {
    const { messageId } = await asker.client.send({ to: "asked", body: "for your information" });
    expect((await cli(broker.home, ["trace", messageId])).stdout).not.toContain("answer");
  });

  test("of a question that is overdue says since when, and that a late answer would still come", async () => {
    const id = await question(1_000);
    await expect
      .poll(async () => (await cli(broker.home, ["trace", id])).stdout, { timeout: 30_000 })
      .toMatch(
        new RegExp(`An answer of asked is overdue since ${TIME}\\. A late one would still come into the\\s+inbox`),
      );
  });

  test("of what was published names each answer at its recipient, and shows it to nobody else", async () => {
    for (const { client } of [asked, await broker.agent("other")]) await client.subscribe({ topic: "ports" });
    const { messageId } = await asker.client.publish({ topic: "ports", body: "who has 4711?" });
    await asked.client.send({ inReplyTo: messageId, body: "I have it" });
    const { stdout } = await cli(broker.home, ["trace", messageId]);
    expect(stdout).toMatch(/for asked: acked[\s\S]*asked answered at [\s\S]*“I have it”/);
    expect(stdout).not.toContain("other answered");
    const other = await broker.agent("third");
    await other.client.subscribe({ topic: "ports", retained: 1 });
    expect(JSON.stringify(await other.client.getMessage({ message: messageId }))).not.toContain("I have it");
  });
});

describe("an answer is shown with its question", () => {
  test.each([
    ["inbox", ["inbox", "asker", "--full"]],
    ["a list of an inbox", ["inbox", "asker"]],
    ["the whole of an inbox", ["inbox", "asker", "--all", "--newest", "--limit", "5"]],
  ])("in %s", async (_, command) => {
    const { messageId } = await asker.client.send({ to: "asked", body: `is it true in ${command.join(" ")}?` });
    await asked.client.send({ inReplyTo: messageId, body: "it is" });
    expect((await cli(broker.home, command, { COLUMNS: "200" })).stdout).toContain(
      `“is it true in ${command.join(" ")}?”`,
    );
  });

  test("in its own trace", async () => {
    const { messageId } = await asker.client.send({ to: "asked", body: "and in a trace?" });
    const answer = await asked.client.send({ inReplyTo: messageId, body: "there too" });
    expect((await cli(broker.home, ["trace", answer.messageId])).stdout).toContain(
      `answers asker: “and in a trace?” · ${messageId}`,
    );
  });

  test("but not to somebody who never had the question", async () => {
    const stranger = await broker.agent("stranger");
    const { messageId } = await asker.client.send({ to: "asked", body: "a secret" });
    const told = await asked.client.send({ to: "stranger", inReplyTo: messageId, body: "told to somebody else" });
    const { entries } = await stranger.client.listInbox({});
    expect(entries).toMatchObject([{ message: { body: "told to somebody else" } }]);
    expect(JSON.stringify(entries)).not.toContain("a secret");
    expect(JSON.stringify(await stranger.client.getMessage({ message: told.messageId }))).not.toContain("a secret");
    const { deliveries } = await asker.client.getMessage({ message: messageId });
    expect(deliveries[0]?.answer).toBeUndefined();
  });
});
