/** What is asked twice is answered as the first time, full inboxes stay full, and a sender finds its deliveries again. */
import { startTestBroker, type TestAgent, type TestBroker } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const MOST = 3;

let broker: TestBroker;
let alice: TestAgent;

beforeAll(async () => {
  broker = await startTestBroker({ env: { AGENTMESH_INBOX_MAX_MESSAGES: String(MOST) } });
  alice = await broker.agent("alice");
});

afterAll(() => broker[Symbol.asyncDispose]());

async function fill(name: string): Promise<void> {
  for (let i = 0; i < MOST; i++) await alice.client.send({ to: name, body: `fills ${i}` });
}

describe("a send that is repeated with its key", () => {
  test("is answered with the stored acceptance, also after its recipient was removed and its name given away", async () => {
    const gone = await broker.agent("gone");
    const request = { to: "gone", body: "hello", idempotencyKey: "once" };
    const first = await alice.client.send(request);
    await broker.admin.removeAgent({ agent: gone.agent.id });
    const again = await alice.client.send(request);
    expect(again).toMatchObject({ messageId: first.messageId, duplicate: true });
    expect(again.deliveries[0]).toMatchObject({ state: "dead", to: { name: "gone" }, warnings: [] });
    const heir = await broker.agent("gone");
    expect((await alice.client.send(request)).messageId).toBe(first.messageId);
    expect((await heir.client.lease()).deliveries).toEqual([]);
    await expect(alice.client.send({ ...request, body: "other" })).rejects.toMatchObject({
      code: "idempotency_mismatch",
    });
    await alice.client.send({ ...request, idempotencyKey: "anew" });
    expect((await heir.client.lease()).deliveries).toHaveLength(1);
  });

  test("to nobody that was ever there is still refused", async () => {
    await expect(alice.client.send({ to: "nobody", body: "x", idempotencyKey: "once" })).rejects.toMatchObject({
      code: "agent_not_found",
    });
  });
});

describe("a publish that is repeated with its key", () => {
  test("accounts for every subscriber of the first time, those that were skipped too", async () => {
    const [open, full] = [await broker.agent("open"), await broker.agent("full")];
    for (const { client } of [alice, open, full]) await client.subscribe({ topic: "build.done" });
    await fill("full");
    const request = { topic: "build.done", body: "green", idempotencyKey: "build" };
    const first = await alice.client.publish(request);
    expect(first.skipped.map(({ agent, why }) => `${agent.name}: ${why}`).sort()).toEqual([
      "alice: sender",
      "full: inbox_full",
    ]);
    await (await broker.agent("later")).client.subscribe({ topic: "build.done" });
    const again = await alice.client.publish(request);
    expect(again).toMatchObject({ messageId: first.messageId, duplicate: true });
    expect(again.skipped).toEqual(first.skipped);
    expect(again.accepted.map(({ to }) => to.name)).toEqual(["open"]);
  });
});

test("a text counts as sent as often as it was accepted, not as often as it was refused", async () => {
  const wary = await broker.agent("wary");
  await wary.client.setPolicy({ agent: "me", otherwise: "refuse" });
  const again = () => alice.client.send({ to: "wary", body: "deploy now" });
  for (let i = 0; i < 4; i++) await expect(again()).rejects.toMatchObject({ code: "refused_by_policy" });
  await wary.client.setPolicy({ agent: "me", otherwise: "accept" });
  for (let i = 0; i < 3; i++) await again();
  await wary.client.ack({ delivery: "1" });
  await expect(again()).rejects.toMatchObject({
    code: "duplicate_storm",
    message: expect.stringContaining("was accepted for wary 3 times in a minute; this one was not stored"),
  });
});

test("a person gives the same answer to as many questions as there are, and to one of them no more often than others", async () => {
  const person = await broker.agent("person", { person: true });
  const other = await broker.agent("other");
  const asks = async (to: string, n: number) =>
    (await alice.client.ask({ to, body: `may I do ${n}?`, timeoutMs: 0 })).messageId;
  const drain = async () => {
    for (const { id, receipt } of (await alice.client.lease()).deliveries)
      await alice.client.ack({ delivery: id, receipt });
  };
  for (let n = 0; n < 5; n++) {
    await person.client.send({ inReplyTo: await asks("person", n), body: "Yes." });
    await drain();
  }
  const once = await asks("person", 5);
  const say = () => person.client.send({ inReplyTo: once, body: "Yes." });
  for (let n = 0; n < 3; n++) await say().then(drain);
  await expect(say()).rejects.toMatchObject({ code: "duplicate_storm" });
  // An agent, and a program with the person's token, are held to it.
  for (const [{ client }, name, program] of [
    [other, "other", {}],
    [person, "person", { byProgram: true }],
  ] as const) {
    for (let n = 0; n < 3; n++) {
      await client.send({ inReplyTo: await asks(name, 10 + n), body: "No.", ...program });
      await drain();
    }
    const inReplyTo = await asks(name, 20);
    await expect(client.send({ inReplyTo, body: "No.", ...program })).rejects.toMatchObject({
      code: "duplicate_storm",
    });
  }
});

describe("a full inbox", () => {
  test("takes no dead letter back until it has room", async () => {
    const busy = await broker.agent("busy");
    await alice.client.send({ to: "busy", body: "bad" });
    const [leased] = (await busy.client.lease()).deliveries;
    const delivery = leased?.id ?? "1";
    await busy.client.reject({ delivery, receipt: leased?.receipt ?? "", reason: "cannot" });
    await fill("busy");
    await expect(busy.client.redrive({ delivery })).rejects.toMatchObject({ code: "inbox_full", status: 429 });
    await busy.client.ack({ delivery: "2" });
    expect(await busy.client.redrive({ delivery })).toMatchObject({ state: "queued" });
  }, 20_000);

  test("takes of what was published before as much as fits, the newest, and says how much it left out", async () => {
    for (let i = 1; i <= 4; i++) await alice.client.publish({ topic: "news", body: `news ${i}` });
    const late = await broker.agent("late");
    await alice.client.send({ to: "late", body: "first" });
    expect(await late.client.subscribe({ topic: "news", retained: 4 })).toMatchObject({ retained: 2, leftOut: 2 });
    const { deliveries } = await late.client.lease();
    expect(deliveries.map(({ message }) => message.body)).toEqual(["first", "news 3", "news 4"]);
    for (const { id } of deliveries) await late.client.ack({ delivery: id });
  });
});

describe("the id of a delivery", () => {
  test("names its message for the sender too: traced and taken back by it, and by nobody else", async () => {
    await broker.agent("reader");
    const eve = await broker.agent("eve");
    const sent = await alice.client.send({ to: "reader", body: "mine" });
    const message = sent.deliveries[0]?.deliveryId ?? "1";
    expect((await alice.client.getMessage({ message })).message.id).toBe(sent.messageId);
    await expect(eve.client.getMessage({ message })).rejects.toMatchObject({ code: "message_not_found" });
    await expect(eve.client.cancel({ message })).rejects.toMatchObject({ code: "message_not_found" });
    expect(await alice.client.cancel({ message })).toMatchObject({ messageId: sent.messageId, cancelled: 1 });
  });
});
