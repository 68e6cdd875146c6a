/** What waits for a person: one list, the worst first, each with what ends it; an agent sees its own, and nobody else waits. */
import { DEFAULT_TTL_MS, MAX_NEEDS_OF_A_KIND, NeedKind } from "@agentmesh/protocol";
import { longestHold, startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newId } from "../src/mesh/ids.ts";
import { Needs } from "../src/mesh/needs/needs.ts";
import { LOADS } from "../src/store/sqlite/pages/loads.ts";
import { NEEDS } from "../src/store/sqlite/pages/needs.ts";
import { largeMesh } from "./large-mesh.ts";
import { planOf } from "./store/plan-of.ts";

const KEY = { kind: "key" } as const;
const QUOTA = { maxMessages: 100_000, maxBytes: 1e10 };

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker({ env: { AGENTMESH_REPEATS_PER_MINUTE: "2", AGENTMESH_INBOX_MAX_MESSAGES: "50" } });
});
afterAll(() => broker[Symbol.asyncDispose]());

/** The needs of one agent as the mesh key sees them, without their ages. */
async function needsOf(agent: string) {
  const { needs, counts } = await broker.admin.listNeeds({ agent });
  expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(needs.length);
  return needs;
}

test("a mesh in which nothing is stuck needs nobody", async () => {
  await using quiet = await startTestBroker();
  const [alice, bob] = [await quiet.agent("alice"), await quiet.agent("bob")];
  await alice.client.send({ to: "bob", body: "hello" });
  await bob.client.send({ to: "alice", body: "and to you" });
  expect(await quiet.admin.listNeeds()).toEqual({ needs: [], counts: {} });
});

test("everything that waits is one list, the worst first, each with the command that ends it", async () => {
  const person = await broker.agent("dana", { client: "cli", person: true });
  const api = await broker.agent("api");
  const web = await broker.agent("web");
  const question = await api.client.ask({ to: "dana", body: "May I deploy?", timeoutMs: 0 });
  await person.client.setPolicy({ agent: "me", otherwise: "accept" });
  await web.client.ask({ to: "api", body: "Which port?", answerWithinMs: 1_000, timeoutMs: 0 });
  for (const body of ["one", "two"]) await api.client.send({ to: "web", body });
  for (const { id, receipt } of (await web.client.lease()).deliveries) {
    await web.client.reject({ delivery: id, receipt, reason: "not mine" });
  }
  await web.client.setPolicy({ agent: "me", otherwise: "hold" });
  const held = await api.client.send({ to: "web", body: "look at this" });
  await api.client.send({ to: "dana", body: "by the way" });
  await until(async () => (await broker.admin.listNeeds()).counts.overdue === 1, "the answer to be overdue");

  const { needs, counts } = await broker.admin.listNeeds();
  expect(needs.map(({ kind, agent, from, preview, count }) => [kind, agent?.name, from?.name, preview, count])).toEqual(
    [
      ["question", "dana", "api", "May I deploy?", undefined],
      ["held", "web", "api", "look at this", undefined],
      ["dead", "web", "api", "one", 2],
      ["overdue", "api", "web", "Which port?", undefined],
      ["mail", "dana", undefined, undefined, 1],
    ],
  );
  expect(counts).toEqual({ question: 1, held: 1, dead: 1, overdue: 1, mail: 1 });
  const letters = needs[2]?.deliveries ?? [];
  expect(needs.map(({ remedies }) => remedies[0]?.command)).toEqual([
    `agentmesh reply ${question.messageId} …`,
    `agentmesh admit ${held.deliveries[0]?.deliveryId}`,
    `for each in ${letters.join(" ")}; do agentmesh redrive $each; done`,
    expect.stringMatching(/^agentmesh send api 'web still waits for your answer to msg_/),
    "agentmesh inbox dana",
  ]);
  expect(needs[2]?.why).toBe("not mine");

  expect((await broker.admin.listNeeds({ limit: 5 })).nextAfter).toBeUndefined();
  expect((await broker.admin.listNeeds({ kind: "dead" })).needs).toHaveLength(1);
  expect((await broker.admin.listNeeds({ ofEach: 1, limit: 2 })).needs).toHaveLength(2);

  // An agent sees its own, and nobody else's; with its name the key sees the same.
  expect((await api.client.listNeeds()).needs.map(({ kind }) => kind)).toEqual(["overdue"]);
  expect((await web.client.listNeeds()).needs.map(({ kind }) => kind)).toEqual(["held", "dead", "overdue"]);
  expect(await needsOf("web")).toEqual((await web.client.listNeeds()).needs);
  await expect(api.client.listNeeds({ agent: "web" })).rejects.toMatchObject({ code: "forbidden" });

  // One after the other, none twice, whatever ends meanwhile: a page goes on behind its place, also when that has gone.
  const first = await broker.admin.listNeeds({ limit: 2 });
  expect(first.needs.map(({ kind }) => kind)).toEqual(["question", "held"]);
  await broker.admin.admit({ delivery: held.deliveries[0]?.deliveryId ?? "none" });
  const next = await broker.admin.listNeeds({ limit: 3, ...(first.nextAfter && { after: first.nextAfter }) });
  expect([...first.needs, ...next.needs].map(({ key }) => key)).toEqual(needs.map(({ key }) => key));
  expect(next.nextAfter).toBeUndefined();

  // What is done is a need no more.
  await person.client.send({ inReplyTo: question.messageId, body: "yes" });
  for (const delivery of letters) await broker.admin.dismiss({ delivery });
  expect((await broker.admin.listNeeds()).needs.map(({ kind }) => kind)).toEqual(["overdue", "mail"]);
});

test("what keeps an agent from its mail is told: a path that fails, one that nothing proves, a backlog, an inbox nearly full", async () => {
  const sender = await broker.agent("sender");
  const asleep = await broker.agent("asleep");
  const fill = async (to: string, count: number) => {
    for (let n = 0; n < count; n++) await sender.client.send({ to, body: `${to} ${newId("msg")}` });
  };
  const { session } = await asleep.client.openSession({
    pushPaths: [{ path: "claude-inbox", failedWhy: "no sign of it came" }],
  });
  expect(await needsOf("asleep")).toMatchObject([
    {
      kind: "push",
      path: "claude-inbox",
      why: "no sign of it came",
      remedies: [{ act: "ping", command: "agentmesh ping asleep" }],
    },
  ]);
  await asleep.client.heartbeat({ session: session.id, pushPaths: [{ path: "claude-inbox" }] });
  expect(await needsOf("asleep")).toEqual([]);
  await fill("asleep", 1);
  expect(await needsOf("asleep")).toMatchObject([
    { kind: "push", count: 1, why: expect.stringContaining("never proven") },
  ]);
  await fill("asleep", 25);
  expect((await needsOf("asleep")).map(({ kind, count }) => [kind, count])).toEqual([
    ["push", 26],
    ["backlog", 26],
  ]);
  await fill("asleep", 14);
  expect(await needsOf("asleep")).toMatchObject([
    { kind: "nearly_full", count: 40, why: "40 of 50 messages; then senders are refused" },
    { kind: "push" },
  ]);
  await asleep.client.endSession({ session: session.id });
  expect((await needsOf("asleep")).map(({ kind }) => kind)).toEqual(["nearly_full"]);
});

test("an inbox is nearly full since its oldest message came, whether they wait, are held or in hand", async () => {
  const sender = await broker.agent("filler");
  for (const kind of ["held", "leased"] as const) {
    const { client } = await broker.agent(kind);
    await client.setPolicy({ agent: "me", otherwise: kind === "held" ? "hold" : "accept" });
    for (let n = 0; n < 40; n++) await sender.client.send({ to: kind, body: newId("msg") });
    if (kind === "leased") await client.lease({ max: 50 });
    const begun = Date.now();
    await until(() => Date.now() > begun, "the clock to go on");
    const { needs } = await broker.admin.listNeeds({ kind: "nearly_full" });
    const [full] = needs.filter(({ agent }) => agent?.name === kind);
    expect(full).toMatchObject({ count: 40, why: "40 of 50 messages; then senders are refused" });
    expect(Date.parse(full?.since ?? "")).toBeLessThanOrEqual(begun);
    expect(await needsOf(kind)).toContainEqual(full);
  }
});

test("an agent that rejects for ever new reasons does not keep the dead letters of others from being told", async () => {
  const env = { AGENTMESH_REPEATS_PER_MINUTE: "0", AGENTMESH_PAIR_PER_MINUTE: "0", AGENTMESH_SENDER_PER_MINUTE: "0" };
  await using own = await startTestBroker({ env });
  const alice = await own.agent("alice");
  for (const [name, letters] of [
    ["first", 101],
    ["second", 1],
  ] as const) {
    const { client } = await own.agent(name);
    for (let n = 0; n < letters; n++) await alice.client.send({ to: name, body: `part ${n}` });
    for (let n = 0; n < letters; ) {
      for (const { id: delivery, receipt } of (await client.lease({ max: 50 })).deliveries) {
        await client.reject({ delivery, receipt, reason: `reason ${n++}` });
      }
    }
  }
  expect((await own.admin.listNeeds({ kind: "dead" })).counts).toEqual({ dead: 101 });
  expect((await own.admin.listNeeds({ agent: "first" })).counts).toEqual({ dead: 101 });
  expect((await own.admin.listNeeds({ agent: "second" })).counts).toEqual({ dead: 1 });
});

test("the intake is closed since that was found, by whoever was refused, not since somebody asked for needs", async () => {
  await using mesh = largeMesh();
  mesh.room.spent = true;
  expect(() => mesh.intake.check()).toThrow("disk was full");
  const refused = Date.now();
  await until(() => Date.now() > refused, "the clock to go on");
  const [need] = (await new Needs(mesh).list(KEY, { limit: 1 })).needs;
  expect(need?.kind).toBe("disk");
  expect(Date.parse(need?.since ?? "")).toBeLessThanOrEqual(refused);
});

test("who is refused by the loop guard, and who would wait for itself, is told for a while, once for two agents", async () => {
  const [ada, bob] = [await broker.agent("ada"), await broker.agent("bob")];
  for (let n = 0; n < 2; n++) await ada.client.send({ to: "bob", body: "the same" });
  for (let n = 0; n < 3; n++) {
    await expect(ada.client.send({ to: "bob", body: "the same" })).rejects.toMatchObject({ code: "duplicate_storm" });
  }
  const waits = ada.client.ask({ to: "bob", body: "you first", timeoutMs: 20_000 });
  await until(async () => (await bob.client.listAsks()).owed.length === 1, "the question to be there");
  await expect(bob.client.ask({ to: "ada", body: "no, you" })).rejects.toMatchObject({ code: "would_deadlock" });
  await bob.client.send({ inReplyTo: (await bob.client.listAsks()).owed[0]?.messageId ?? "none", body: "well then" });
  await waits;
  expect(await needsOf("bob")).toMatchObject([
    { kind: "deadlock", from: { name: "bob" }, agent: { name: "ada" }, count: 1 },
  ]);
  expect(await needsOf("ada")).toMatchObject([
    {
      kind: "loop",
      from: { name: "ada" },
      agent: { name: "bob" },
      count: 3,
      why: expect.stringContaining("same text"),
    },
  ]);
  await broker.admin.removeAgent({ agent: "bob" });
  await until(async () => (await needsOf("ada")).length === 0, "nothing to be told of an agent that has left");
});

test("needs by the thousand are found along indexes, a page of them at a time, and nobody else waits", {
  timeout: 120_000,
}, async () => {
  await using mesh = largeMesh();
  const { store, register } = mesh;
  const [sender = "agt_none", ...others] = await register([
    "sender",
    ...Array.from({ length: 1_100 }, (_, n) => `agent-${n}`),
  ]);
  const send = (recipientId: typeof sender, more: { answerWithinMs?: number } = {}) =>
    store.enqueue(
      {
        ...{ id: newId("msg"), deliveryId: newId("dlv"), threadId: newId("thr"), senderId: sender, recipientId },
        ...{ body: "x".repeat(2_000), bodyBytes: 2_000, ttlMs: DEFAULT_TTL_MS },
        ...{ idempotency: undefined, inReplyTo: undefined, answers: undefined },
        ...more,
      },
      QUOTA,
    );
  const [busy = sender, gone = sender] = others;
  await Promise.all(others.map((id) => send(id, { answerWithinMs: 1 })));
  await Promise.all(Array.from({ length: 1_100 }, () => send(gone)));
  await store.removeAgent(gone);
  await store.setPolicy(busy, { otherwise: "hold", senders: {}, trust: {} });
  await Promise.all(Array.from({ length: 1_100 }, () => send(busy)));
  for (const id of others.slice(2))
    await store.openSession({
      id: newId("ses"),
      agentId: id,
      profile: {},
      pushPaths: [{ path: "stream", failedWhy: "no" }],
    });
  const needs = new Needs(mesh);
  const query = { ofEach: 25, limit: 300 };
  await until(async () => (await needs.list(KEY, query)).counts.overdue === MAX_NEEDS_OF_A_KIND, "all to be overdue");
  let found = await needs.list(KEY, query);
  expect(found.counts).toMatchObject({ held: 1_000, dead: 1, overdue: 1_000, push: 1_000 });
  expect(found.needs.find(({ kind }) => kind === "dead")).toMatchObject({
    count: 1_000,
    remedies: [{ act: "dismiss" }],
  });
  const order: readonly string[] = NeedKind.options;
  const ranks = found.needs.map(({ kind }) => order.indexOf(kind));
  expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
  const hold = await longestHold(async () => {
    [found] = await Promise.all([needs.list(KEY, query), ...Array.from({ length: 9 }, () => needs.list(KEY, query))]);
  });
  expect(hold).toBeLessThan(250);
  for (const [name, sql] of Object.entries({ ...NEEDS, ...LOADS })) {
    const plan = planOf(mesh.db, sql);
    expect(plan, name).not.toMatch(/SCAN (?!\(subquery|q\b|sq)|TEMP B-TREE/);
  }
});
