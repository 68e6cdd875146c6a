/** Lists of more than one page, as one loop. */
import { MeshClient } from "@agentmesh/client";
import { startTestBroker, type TestAgent, type TestBroker } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

let broker: TestBroker;
let alice: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker();
  alice = await broker.agent("alice");
  for (const name of ["bob", "carol"]) {
    const { client } = await broker.agent(name);
    await client.subscribe({ topic: "news.>", retained: 0 });
  }
  for (const n of [1, 2, 3]) {
    await alice.client.publish({ topic: `news.${n}`, body: `${n}` });
    await alice.client.send({ to: "alice", body: `${n}` });
  }
});
afterAll(() => broker[Symbol.asyncDispose]());

/** What is in all pages, in the order they came. */
async function all<Page, T>(pages: AsyncIterable<Page>, items: (page: Page) => readonly T[]): Promise<T[][]> {
  const found: T[][] = [];
  for await (const page of pages) found.push([...items(page)]);
  return found;
}

test("every list that has pages is gone through to its end, each thing once", async () => {
  const { client } = alice;
  const { admin } = broker;
  expect(await all(admin.pages("listAgents", { limit: 2 }), ({ agents }) => agents.map(({ name }) => name))).toEqual([
    ["alice", "bob"],
    ["carol"],
  ]);
  expect(await all(admin.pages("listTopics", { limit: 2 }), ({ topics }) => topics.map(({ topic }) => topic))).toEqual([
    ["news.1", "news.2"],
    ["news.3"],
  ]);
  expect(await all(admin.pages("listAgents"), ({ agents }) => agents.map(({ name }) => name))).toEqual([
    ["alice", "bob", "carol"],
  ]);
  const subscribers = admin.pages("listSubscriptions", { limit: 1 });
  expect(await all(subscribers, ({ subscriptions }) => subscriptions.map(({ agent }) => agent.name))).toHaveLength(2);
  const bodies = ({ entries }: { entries: { message: { body: string } }[] }) =>
    entries.map(({ message }) => message.body);
  expect(await all(client.pages("listInbox", { limit: 2 }), bodies)).toEqual([["1", "2"], ["3"]]);
  expect(await all(client.pages("listInbox", { limit: 2, order: "newest" }), bodies)).toEqual([["3", "2"], ["1"]]);
  expect(await all(client.pages("listMessages", { limit: 2 }), bodies)).toEqual([
    ["3", "3"],
    ["2", "2"],
    ["1", "1"],
  ]);
  const { messageId } = await client.publish({ topic: "news.wide", body: "to many" });
  const recipients = client.pages("getMessage", { message: messageId, limit: 1 });
  expect(await all(recipients, ({ deliveries }) => deliveries)).toHaveLength(2);
  await admin.removeAgent({ agent: "carol" });
  expect((await all(admin.pages("listDead", { limit: 3 }), bodies)).map(({ length }) => length)).toEqual([3, 1]);
});

test("a page is asked for when the loop comes to it, as the function then says", async () => {
  const asked: string[] = [];
  const counted: typeof fetch = (url, init) => {
    asked.push(String(url));
    return fetch(url, init);
  };
  const client = new MeshClient({ url: broker.url, token: alice.token, fetch: counted });
  let left = 3;
  for await (const { entries } of client.pages("listInbox", () => ({ limit: left }))) {
    left -= entries.length;
    break;
  }
  expect([asked.length, left]).toEqual([1, 0]);
  left = 2;
  for await (const { entries } of client.pages("listInbox", () => ({ limit: left-- }))) if (entries.length === 1) break;
  expect(asked.slice(1).map((url) => new URL(url).searchParams.get("limit"))).toEqual(["2", "1"]);
});
