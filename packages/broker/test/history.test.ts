/** History over HTTP: pages of messages, searched and filtered, for those who may see them. */
import { startTestBroker, type TestAgent, type TestBroker } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

let broker: TestBroker;
let alice: TestAgent;
let bob: TestAgent;

beforeAll(async () => {
  broker = await startTestBroker();
  [alice, bob] = [await broker.agent("alice"), await broker.agent("bob")];
});

afterAll(() => broker[Symbol.asyncDispose]());

test("pages go back from the newest message and forward from any page, each message once", async () => {
  const began = await alice.client.listMessages();
  for (let i = 1; i <= 5; i++) await alice.client.send({ to: "bob", body: `page ${i}` });
  const back: string[] = [];
  let before: string | undefined;
  do {
    const page = await bob.client.listMessages({ limit: 2, ...(before !== undefined && { before }) });
    back.push(...page.entries.map(({ message }) => message.body));
    before = page.nextBefore;
  } while (before !== undefined);
  expect(back).toEqual([5, 4, 3, 2, 1].map((i) => `page ${i}`));

  const ahead: string[] = [];
  for (let after = began.nextAfter, more = true; more; ) {
    const page = await alice.client.listMessages({ limit: 2, after: after ?? "" });
    ahead.push(...page.entries.map(({ message }) => message.body));
    more = page.entries.length > 0;
    after = page.nextAfter;
  }
  expect(ahead).toEqual(back.toReversed());
  await expect(alice.client.listMessages({ after: "x", before: "y" })).rejects.toMatchObject({
    code: "invalid_request",
  });
  await expect(alice.client.listMessages({ before: "other.m5" })).rejects.toMatchObject({ code: "cursor_invalid" });
});

test("an entry shows what became of the message, and with a query where the words stand", async () => {
  const { messageId, threadId } = await alice.client.send({ to: "bob", body: "Are the side pots rounded on purpose?" });
  const [leased] = (await bob.client.lease({ max: 25 })).deliveries.slice(-1);
  await bob.client.send({ inReplyTo: leased?.id ?? "1", body: "No, the rounding of side pots is a bug." });
  const { entries } = await alice.client.listMessages({ thread: messageId });
  expect(entries).toMatchObject([
    { message: { threadId, inReplyTo: messageId, from: { name: "bob" } }, deliveries: [{ state: "queued" }] },
    { message: { id: messageId, to: "bob" }, deliveries: [{ state: "acked", reason: "replied", to: { name: "bob" } }] },
  ]);
  expect(entries[0]?.snippet).toBeUndefined();
  const found = await broker.admin.listMessages({ query: 'bug "side pots"' });
  expect(found.entries.map(({ snippet }) => snippet)).toEqual(["No, the rounding of side pots is a bug."]);
  expect(await broker.admin.listMessages({ query: '"( * AND' })).toEqual(
    await broker.admin.listMessages({ query: "and" }),
  );
  expect(await broker.admin.listMessages({ query: '"*(' })).toEqual({ entries: [] });
  await Promise.all((await bob.client.lease()).deliveries.map(({ id }) => bob.client.ack({ delivery: id })));
});

test("the mesh key sees what any agent sent or got, with whom, also notices and agents that have left", async () => {
  const carol = await broker.agent("carol");
  await alice.client.send({ to: "carol", body: "for carol" });
  const [leased] = (await carol.client.lease()).deliveries;
  await carol.client.reject({ delivery: "1", receipt: leased?.receipt ?? "", reason: "not now" });
  await broker.admin.removeAgent({ agent: "carol" });
  const texts = async (query: Parameters<typeof broker.admin.listMessages>[0]) =>
    (await broker.admin.listMessages(query)).entries.map(({ message }) => `${message.from.name}: ${message.body}`);
  expect(await texts({ with: "carol" })).toEqual(["alice: for carol"]);
  expect(await texts({ agent: "alice", with: "carol" })).toEqual(["alice: for carol"]);
  expect(await texts({ agent: "bob", with: "carol" })).toEqual([]);
  expect(await texts({ agent: "alice", with: "mesh" })).toEqual([
    expect.stringContaining("mesh: Your message to carol was given up: “not now”."),
  ]);
  expect(await texts({ agent: "alice", thread: "1" })).toHaveLength(2);
  await expect(texts({ thread: "1" })).rejects.toMatchObject({ code: "message_not_found" });
});

test("a page holds 256 KiB of bodies, or one message", async () => {
  const dave = await broker.agent("dave");
  for (let i = 0; i < 6; i++) await dave.client.send({ to: "dave", body: `${i}`.repeat(60_000) });
  const first = await dave.client.listMessages({ limit: 100 });
  expect(first.entries.map(({ message }) => message.body[0])).toEqual(["5", "4", "3", "2"]);
  const rest = await dave.client.listMessages({ limit: 100, before: first.nextBefore ?? "" });
  expect(rest.entries.map(({ message }) => message.body[0])).toEqual(["1", "0"]);
  expect(rest.nextBefore).toBeUndefined();
});

test("an inbox is looked at from its newest end", async () => {
  const grace = await broker.agent("grace");
  for (let i = 1; i <= 4; i++) await alice.client.send({ to: "grace", body: `${i}` });
  const page = async (query: Parameters<typeof grace.client.listInbox>[0]) => {
    const { entries, nextBefore, nextAfter } = await grace.client.listInbox(query);
    return [entries.map(({ seq }) => seq), nextBefore, nextAfter];
  };
  expect(await page({ order: "newest", limit: 3 })).toEqual([[4, 3, 2], 2, undefined]);
  expect(await page({ before: 2 })).toEqual([[1], undefined, undefined]);
  expect(await page({ before: 4, order: "oldest", limit: 2 })).toEqual([[1, 2], undefined, 2]);
  expect(await page({ limit: 3 })).toEqual([[1, 2, 3], undefined, 3]);
});
