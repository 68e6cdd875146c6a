/** A2A 1.0 in, streamed: a task as it goes on, read by the library's own client over JSON-RPC and over REST. */
import { type StreamResponse, type Task, TaskState } from "@a2a-js/sdk";
import type { Client } from "@a2a-js/sdk/client";
import { startTestBroker, type TestAgent, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connected, said, sent, type Transport } from "./a2a-client.ts";

let broker: TestBroker;
let bob: TestAgent;
let caller: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker();
  [bob, caller] = [await broker.agent("bob"), await broker.agent("caller")];
  await bob.client.setAgentCard({ agent: "me", description: "Runs the build." });
});
afterAll(() => broker[Symbol.asyncDispose]());

const connect = (transport: Transport, { token } = caller) => connected(`${broker.url}/a2a/bob/`, transport, token);

/** What comes of a stream, in few words: the state of the task or the update, and what an artifact says. */
function wordOf({ payload }: StreamResponse): string {
  const text = (parts: Task["artifacts"][number]["parts"] = []) =>
    parts.map(({ content }) => (content?.$case === "text" ? content.value : "")).join();
  const state = (of: TaskState | undefined) => TaskState[of ?? 0]?.replace("TASK_STATE_", "").toLowerCase();
  switch (payload?.$case) {
    case "task":
      return `task ${state(payload.value.status?.state)}`;
    case "statusUpdate":
      return `now ${state(payload.value.status?.state)}`;
    case "artifactUpdate":
      return `artifact ${text(payload.value.artifact?.parts)}`;
    default:
      return `${payload?.$case}`;
  }
}

/** Reads a stream beside the test. */
function reading(stream: AsyncIterable<StreamResponse>) {
  const words: string[] = [];
  let id = "";
  const over = (async () => {
    for await (const each of stream) {
      if (each.payload?.$case === "task") id = each.payload.value.id;
      words.push(wordOf(each));
    }
  })();
  over.catch(() => {});
  return { words, over, id: () => id };
}

const streamed = (client: Client, body: string) => client.sendMessageStream(said(body));
const subscribed = (client: Client, id: string) => client.resubscribeTask({ tenant: "", id });

/** Bob leases what waits for him. */
async function lease() {
  const { deliveries } = await bob.client.lease();
  return deliveries[0];
}

describe.each(["JSONRPC", "HTTP+JSON"] as const)("by %s", (transport) => {
  test("a message is streamed from its acceptance to its answer, which is acked when all was written", async () => {
    const client = await connect(transport);
    expect((await client.getAgentCard()).capabilities?.streaming).toBe(true);
    const { words, over } = reading(streamed(client, `build it by ${transport}`));
    await until(() => words.length === 1, "the task");
    const question = await until(lease, "the question");
    await until(() => words.length === 2, "the lease to be told");
    const { messageId } = await bob.client.send({ inReplyTo: question.message.id, body: "it is green" });
    await over;
    expect(words).toEqual(["task submitted", "now working", "artifact it is green", "now completed"]);
    const state = async () => (await bob.client.getMessage({ message: messageId })).deliveries[0]?.state;
    await until(async () => (await state()) === "acked", "the ack of the answer");
    expect((await caller.client.listInbox({})).entries).toEqual([]);
  });

  test("a task that goes on is subscribed to from where it stands, by several at once, and by nobody else", async () => {
    const client = await connect(transport);
    const { id } = await sent(client, said(`and this by ${transport}`, {}, true));
    const question = await until(lease, "the question");
    const streams = [reading(subscribed(client, id)), reading(subscribed(client, id))];
    await until(() => streams.every(({ words }) => words.length === 1), "both to be told how it stands");
    const stranger = reading(subscribed(await connect(transport, bob), id));
    await expect(stranger.over).rejects.toMatchObject({ reason: "TASK_NOT_FOUND" });
    await bob.client.nack({ delivery: question.id, receipt: question.receipt });
    await until(() => streams.every(({ words }) => words.length === 2), "both to be told that it waits again");
    const again = await until(lease, "the question once more");
    await bob.client.send({ inReplyTo: again.message.id, body: "yes" });
    for (const { over, words } of streams) {
      await over;
      expect(words.slice(0, 2)).toEqual(["task working", "now submitted"]);
      expect(words.slice(-2)).toEqual(["artifact yes", "now completed"]);
    }
    const late = reading(subscribed(client, id));
    await expect(late.over).rejects.toMatchObject({ reason: "UNSUPPORTED_OPERATION" });
  });

  test("a task that comes to nothing ends its stream with why", async () => {
    const client = await connect(transport);
    const refused = reading(streamed(client, `not this, ${transport}`));
    const question = await until(lease, "the question");
    await until(() => refused.words.length > 0, "the task");
    await bob.client.reject({ delivery: question.id, receipt: question.receipt, reason: "no such branch" });
    await refused.over;
    expect(refused.words.at(-1)).toBe("now failed");
    const taken = reading(streamed(client, `never mind, ${transport}`));
    await until(() => taken.words.length === 1, "the task");
    await client.cancelTask({ tenant: "", id: taken.id(), metadata: undefined });
    await taken.over;
    expect(taken.words).toEqual(["task submitted", "now canceled"]);
    // What the mesh has to say of the first is in its asker's inbox.
    for (const { id, receipt } of (await caller.client.lease()).deliveries)
      await caller.client.ack({ delivery: id, receipt });
  });
});

test("a stream that breaks acks nothing: the broker starts again, and who comes back is told the rest", async () => {
  await using own = await startTestBroker();
  const [worker, asker] = [await own.agent("worker"), await own.agent("asker")];
  await worker.client.setAgentCard({ agent: "me", description: "Works." });
  const client = await connected(`${own.url}/a2a/worker/`, "JSONRPC", asker.token);
  const first = reading(streamed(client, "how long?"));
  await until(() => first.words.length === 1, "the task");
  await own.kill("SIGKILL");
  await first.over.catch(() => {});
  expect(first.words).toEqual(["task submitted"]);
  await own.start();
  const second = reading(subscribed(client, first.id()));
  await until(() => second.words.length === 1, "how it stands");
  const question = await until(async () => (await worker.client.lease()).deliveries[0], "the question");
  const { messageId } = await worker.client.send({ inReplyTo: question.message.id, body: "an hour" });
  await second.over;
  expect(second.words.slice(-2)).toEqual(["artifact an hour", "now completed"]);
  const state = async () => (await worker.client.getMessage({ message: messageId })).deliveries[0]?.state;
  await until(async () => (await state()) === "acked", "the ack of the answer");
});

test("a stream ends with its agent, whose token is no more", async () => {
  const leaver = await broker.agent("leaver");
  const stream = reading(streamed(await connect("HTTP+JSON", leaver), "are you there?"));
  await until(() => stream.words.length === 1, "the task");
  await broker.admin.removeAgent({ agent: "leaver" });
  await expect(stream.over).rejects.toThrow();
  await bob.client.lease();
});
