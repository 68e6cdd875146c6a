/** Calls that last: no client is left to give one up, and none counts as read that a client has given up. */
import { startTestBroker, type TestBroker, thorough, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askPeer } from "../src/tools/ask-peer.ts";
import { deliveryOf, endBroker, session } from "./setting.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
  await broker.agent("mute");
});
afterAll(() => endBroker(broker));

/** A question that nobody answers in time. */
const question = (wait_seconds: number) => ({
  name: "ask_peer",
  arguments: { to: "mute", message: "is anybody there?", wait_seconds },
});

test("a client that takes signs of life is given them while a call lasts, and none when it is over", async () => {
  await using asker = await session(broker, "patient");
  await asker.joined();
  let signs = 0;
  const errors: Error[] = [];
  // A sign for a call that is over is an error to the client.
  asker.client.onerror = (error) => errors.push(error);
  const onprogress = () => {
    signs++;
  };
  const answer = await asker.client.callTool(question(6), undefined, { onprogress });
  expect(answer.structuredContent).toMatchObject({ status: "pending" });
  expect(signs).toBeGreaterThanOrEqual(1);
  await asker.tool("whoami");
  expect(errors).toEqual([]);
});

test("a question waits no longer than its call may, and says so", () => {
  const asked = { to: "mute", message: "is anybody there?", wait_seconds: 110 };
  expect(askPeer.prepare(asked).waitMs).toBe(110_000);
  expect(askPeer.prepare(asked, 50_000).waitMs).toBe(50_000);
  expect(askPeer.prepare({ ...asked, wait_seconds: 20 }, 50_000).waitMs).toBe(20_000);
});

test("a call that its client cancels acks nothing, and the late answer comes once", async () => {
  await using asker = await session(broker, "hasty");
  await asker.joined();
  const oracle = await broker.agent("oracle");
  const gone = new AbortController();
  const asked = { name: "ask_peer", arguments: { to: "oracle", message: "which port?", wait_seconds: 100 } };
  const call = asker.client.callTool(asked, undefined, { signal: gone.signal }).catch(() => "given up");
  const delivery = await until(async () => (await oracle.client.lease({ waitMs: 500 })).deliveries[0], "the question");
  gone.abort();
  expect(await call).toBe("given up");
  const { messageId } = await oracle.client.send({ to: "hasty", body: "4711", inReplyTo: delivery.message.id });
  const read = await until(async () => {
    const { text } = await asker.tool("check_messages");
    return text.includes("4711") ? text : undefined;
  }, "the late answer");
  expect(read.split("4711")).toHaveLength(2);
  await until(async () => (await deliveryOf(broker, messageId)).state === "acked", "the ack");
  expect((await deliveryOf(broker, messageId)).timeline.at(-1)).toMatchObject({ event: "acked", reason: "read" });
});

test.runIf(thorough)(
  "a client that takes no signs is answered before the minute after which it would give up (50 s: in test:thorough alone)",
  { timeout: 90_000 },
  async () => {
    await using asker = await session(broker, "silent");
    await asker.joined();
    const answer = await asker.client.callTool(question(110));
    expect(answer.structuredContent).toMatchObject({ status: "pending" });
    expect(JSON.stringify(answer.content)).toContain("No answer within 50 s, and this client may not wait longer");
  },
);
