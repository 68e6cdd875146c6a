/** Agents that have not been heard of for a month: out of the way, their mail settled before, back by their token. */
import { DEFAULT_TTL_MS } from "@agentmesh/protocol";
import { tempDir } from "testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConfigSchema } from "../src/config/schema.ts";
import { Intake } from "../src/mesh/acceptance/intake.ts";
import { LoopGuard } from "../src/mesh/acceptance/loop-guard.ts";
import { hashOf } from "../src/mesh/access/token-hash.ts";
import { Agents } from "../src/mesh/agents.ts";
import type { AgentCaller } from "../src/mesh/caller.ts";
import { newId } from "../src/mesh/ids.ts";
import { Turns } from "../src/mesh/looks/turns.ts";
import { Messages } from "../src/mesh/messages.ts";
import { Refusals } from "../src/mesh/needs/refusals.ts";
import { Wakes } from "../src/mesh/push/wakes.ts";
import { Dialogs } from "../src/mesh/session/dialogs.ts";
import type { Store } from "../src/mesh/store.ts";
import { sweep } from "../src/mesh/sweeper.ts";
import { Topics } from "../src/mesh/topics.ts";
import { WaitingAsks } from "../src/mesh/waiting-asks.ts";
import { openDatabase } from "../src/store/sqlite/file/open.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { driver } from "./store/drivers.ts";
import { type FakeClock, fakeClock } from "./store/fake-clock.ts";

const DAY_MS = 86_400_000;
const policy = { ...ConfigSchema.parse({}), messageTtlMs: DEFAULT_TTL_MS };

let folder: ReturnType<typeof tempDir>;
let clock: FakeClock;
let store: Store;
let agents: Agents;
let messages: Messages;
let topics: Topics;

beforeEach(() => {
  folder = tempDir();
  clock = fakeClock();
  const database = openDatabase({
    driver,
    folder: folder.path,
    synchronous: "normal",
    startEmpty: false,
    notice: () => {},
  });
  store = sqliteStore(database, clock);
  const room = { freeBytes: undefined, minFreeBytes: 0, ballastBytes: 0, spent: false };
  const intake = new Intake({ look: () => room }, clock);
  const guard = new LoopGuard(policy, clock, new Refusals(clock));
  agents = new Agents({ store, policy, intake, turns: new Turns(), dialogs: new Dialogs() });
  const parts = { store, policy, agents, guard, intake, turns: new Turns() };
  messages = new Messages({ ...parts, advanced: new Wakes<"log">(), waiting: new WaitingAsks() });
  topics = new Topics(parts);
});

afterEach(async () => {
  await store.close();
  folder[Symbol.dispose]();
});

const tokenOf = (name: string) => `am_${name}${"x".repeat(43 - name.length)}`;
const register = (name: string, token = tokenOf(name)) =>
  agents.register({ kind: "key" }, { name, ifTaken: "refuse", token });
async function as(name: string): Promise<AgentCaller> {
  const agent = await agents.byTokenHash(hashOf(tokenOf(name)));
  if (!agent) throw new Error(`${name} is not registered`);
  return { kind: "agent", agent };
}
async function days(count: number): Promise<void> {
  for (let day = 0; day < count; day++) {
    clock.advance(DAY_MS);
    await sweep({ store, policy, clock, sessions: { over: () => undefined, endGone: async () => undefined } }, true);
  }
}
const names = async (presence: "all" | "archived") =>
  (await agents.list({ kind: "key" }, { presence, limit: 100 })).agents.map(({ name }) => name);
const publish = async (from: string) =>
  topics.publish(await as(from), "news", { body: "news", urgency: "normal", ttlMs: DAY_MS });
const send = async (from: string, to: string, ttlMs = DEFAULT_TTL_MS) =>
  messages.send(await as(from), { to, body: `to ${to} ${clock.now()}`, urgency: "normal", ttlMs });

test("an agent without a sign of life for 30 days is archived: not listed, not written to, skipped by what is published", async () => {
  await register("alice");
  const { agent: bob } = await register("bob");
  await topics.subscribe(await as("bob"), { topic: "news", retained: 0 });
  const session = newId("ses");
  await store.openSession({ id: session, agentId: bob.id, profile: {}, pushPaths: [] });
  await days(1);
  expect((await publish("alice")).accepted.map(({ to }) => to.name)).toEqual(["bob"]);
  await days(28);
  await as("alice");
  expect(await names("all")).toEqual(["alice", "bob"]);
  await days(2);
  expect([await names("all"), await names("archived")]).toEqual([["alice"], ["bob"]]);
  expect(await agents.count({ kind: "key" })).toMatchObject({ offline: 1, archived: 1 });

  const refusal = {
    code: "agent_not_found",
    message: expect.stringMatching(/bob is archived.*since 2026.*Nothing was stored/),
  };
  await expect(send("alice", "bob")).rejects.toMatchObject(refusal);
  await expect(send("alice", bob.id)).rejects.toMatchObject(refusal);
  const { accepted, skipped } = await publish("alice");
  expect([accepted, skipped]).toEqual([[], [{ agent: { id: bob.id, name: "bob" }, why: "archived" }]]);
  expect(await topics.list({ kind: "key" }, { limit: 10 })).toMatchObject({ topics: [{ subscribers: 0 }] });
  expect((await agents.resolve("bob", { kind: "key" })).archivedAt).toBeDefined();
});

test("its mail is settled first: what waits for it expires and its sender is told, only then it is archived", async () => {
  await register("alice");
  await register("bob");
  await days(28);
  const { messageId } = await send("alice", "bob");
  await days(4);
  expect(await names("archived")).toEqual([]);
  await days(4);
  expect(await names("archived")).toEqual(["bob"]);
  const { deliveries } = await messages.status(await as("alice"), messageId, { limit: 50 });
  expect(deliveries[0]?.timeline.map(({ event }) => event)).toEqual(["accepted", "expired", "bounced"]);
});

test("it is back with any call of its token: same name, same subscriptions; and is told when its name went to another", async () => {
  for (const name of ["alice", "bob", "carol"]) await register(name);
  await topics.subscribe(await as("bob"), { topic: "news", retained: 0 });
  await days(31);
  await as("alice");
  expect(await names("archived")).toEqual(["bob", "carol"]);
  expect((await as("bob")).agent).toMatchObject({ name: "bob", archivedAt: undefined });
  expect((await publish("alice")).accepted.map(({ to }) => to.name)).toEqual(["bob"]);

  await register("carol", tokenOf("heir"));
  const { agent, created, renamedFrom } = await register("carol");
  expect([agent.name, created, renamedFrom]).toEqual(["carol-2", false, "carol"]);
  expect(await names("all")).toEqual(["alice", "bob", "carol", "carol-2"]);
  expect((await register("carol")).renamedFrom).toBeUndefined();
});

test("who lives without sessions was last heard of at its last call, to the minute", async () => {
  await register("poller");
  const heardAgo = async () => clock.now() - ((await agents.find("poller"))?.lastSeenAt ?? Number.NaN);
  expect(await heardAgo()).toBeNaN();
  for (const seconds of [1, 59, 60, 61, 3_600, 86_399]) {
    clock.advance(seconds * 1_000);
    await as("poller");
    expect(await heardAgo()).toBeLessThan(60_000);
  }
});

test("who lives without sessions is not archived: calls with its token count, and so does a webhook that works", async () => {
  await register("poller");
  const { agent: hooked } = await register("hooked");
  await register("gone");
  await store.putWebhook(hooked.id, "sealed");
  for (let week = 0; week < 10; week++) {
    await days(7);
    await as("poller");
  }
  expect([await names("all"), await names("archived")]).toEqual([["hooked", "poller"], ["gone"]]);
});
