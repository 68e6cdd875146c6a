/** The stream of events over HTTP: who sees what, where it goes on, and what becomes of who does not read. */

import type { MeshClient } from "@agentmesh/client";
import type { MeshEvent } from "@agentmesh/protocol";
import { meshEventTypes, MeshEvent as Schema } from "@agentmesh/protocol";
import { startTestBroker, until } from "testkit";
import { expect, test } from "vitest";
import { Events } from "../src/mesh/events/events.ts";
import type { EventSink } from "../src/mesh/events/sink.ts";
import { largeMesh } from "./large-mesh.ts";

/** Reads in the background what a client is told. */
async function follow(client: MeshClient, options: Omit<Parameters<MeshClient["events"]>[0], "signal"> = {}) {
  const end = new AbortController();
  const events: MeshEvent[] = [];
  const news: string[] = [];
  let failure: unknown;
  const over = (async () => {
    for await (const each of client.events({ ...options, signal: end.signal })) {
      if ("at" in each) events.push(each);
      else news.push(each.type === "gap" ? `gap: ${each.why}` : each.type);
    }
  })().catch((error: unknown) => {
    failure = error;
  });
  await until(() => news.length > 0 || failure !== undefined, "the stream to open");
  return {
    events,
    news,
    types: () => events.map(({ type }) => type),
    over,
    failure: () => failure,
    [Symbol.asyncDispose]: async () => {
      end.abort();
      await over;
    },
  };
}

const told = (reader: { types(): string[] }, type: string) => until(() => reader.types().includes(type), type);

test("every type of event is in the list of types, and nothing else", () => {
  const types = Schema.options.flatMap(({ shape: { type } }) => ("options" in type ? type.options : [...type.values]));
  expect([...meshEventTypes].sort()).toEqual(types.sort());
});

test("what happens is told as it happens: to the mesh key all, to an agent what concerns it", async () => {
  await using broker = await startTestBroker();
  await using all = await follow(broker.admin);
  const alice = await broker.agent("alice", { summary: "tests" });
  const bob = await broker.agent("bob");
  await using own = await follow(bob.client);
  const { session } = await bob.client.openSession({ pushPaths: [{ path: "stream" }] });
  await alice.client.subscribe({ topic: "news" });
  await alice.client.unsubscribe({ topic: "news" });
  const { messageId, deliveries } = await alice.client.send({ to: "bob", body: "a secret text" });
  await bob.client.ack({ delivery: deliveries[0]?.deliveryId ?? "1" });
  await broker.admin.renameAgent({ agent: "bob", name: "robert" });
  await bob.client.setFocus({ agent: "me" });
  await bob.client.setPolicy({ agent: "me", otherwise: "accept" });
  await until(() => all.types().includes("agent.presence"), "the presence");
  await bob.client.endSession({ session: session.id });
  await broker.admin.removeAgent({ agent: "alice" });
  await told(all, "agent.removed");
  const presence = all.events.find(({ type }) => type === "agent.presence");
  expect(presence).toMatchObject({ agent: { id: bob.agent.id }, presence: "online" });
  const order = all.types().filter((type) => type !== "agent.presence");
  expect(order).toEqual([
    ...["agent.registered", "agent.summary", "agent.registered", "session.opened"],
    ...["topic.subscribed", "topic.unsubscribed", "delivery.accepted", "delivery.acked"],
    ...["agent.renamed", "agent.focus", "policy.set", "session.ended", "agent.removed"],
  ]);
  expect(all.events.find(({ type }) => type === "agent.renamed")).toMatchObject({
    agent: { name: "robert" },
    was: "bob",
  });
  expect(all.events.find(({ type }) => type === "delivery.acked")).toMatchObject({
    ...{ messageId, seq: 1, from: { name: "alice" }, to: { id: bob.agent.id }, reason: "handled" },
  });
  expect(JSON.stringify(all.events)).not.toContain("a secret text");
  await told(own, "session.ended");
  expect(own.types().filter((type) => type !== "agent.presence")).toEqual([
    ...["session.opened", "delivery.accepted", "delivery.acked", "agent.renamed", "agent.focus", "policy.set"],
    "session.ended",
  ]);
});

test("a reader goes on where it was when the broker was killed: nothing is missing and nothing comes twice", async () => {
  await using broker = await startTestBroker();
  const alice = await broker.agent("alice");
  await broker.agent("bob");
  await using reader = await follow(broker.admin, { types: ["delivery", "topic"] });
  await alice.client.subscribe({ topic: "news" });
  for (const body of ["1", "2", "3"]) await alice.client.send({ to: "bob", body });
  await broker.kill();
  await broker.start();
  await alice.client.send({ to: "bob", body: "4" });
  await alice.client.unsubscribe({ topic: "news" });
  await told(reader, "topic.unsubscribed");
  const accepted = Array.from({ length: 3 }, () => "delivery.accepted");
  const whole = ["topic.subscribed", ...accepted, "delivery.accepted", "topic.unsubscribed"];
  expect(reader.types()).toEqual(whole);
  expect(reader.news).toEqual(["opened", "lost", "reconnected"]);
  await using again = await follow(broker.admin, {
    types: ["delivery", "topic"],
    after: reader.events[2]?.cursor ?? "",
  });
  await told(again, "topic.unsubscribed");
  expect(again.events).toEqual(reader.events.slice(3));
});

test("the mesh key reads what one agent may see; an agent reads nobody else's, and of types that there are", async () => {
  await using broker = await startTestBroker();
  const alice = await broker.agent("alice");
  const bob = await broker.agent("bob");
  await using ofBob = await follow(broker.admin, { agent: "bob", types: ["topic", "policy.set"] });
  await alice.client.setPolicy({ agent: "me", otherwise: "accept" });
  await bob.client.setFocus({ agent: "me" });
  await bob.client.subscribe({ topic: "news" });
  await bob.client.setPolicy({ agent: "me", otherwise: "hold" });
  await told(ofBob, "policy.set");
  expect(ofBob.events).toMatchObject(
    [
      { type: "topic.subscribed", agent: bob.agent, topic: "news" },
      { type: "policy.set", agent: { name: "bob" } },
    ].map((each) => ({ ...each, agent: { id: bob.agent.id, name: "bob" } })),
  );
  await using strange = await follow(bob.client, { agent: "alice" });
  expect(strange.failure()).toMatchObject({ code: "forbidden" });
  const ask = (query: string) =>
    fetch(`${broker.url}/v1/events?${query}`, { headers: { authorization: `Bearer ${bob.token}` } });
  for (const query of ["types=agent,weather", "after=nonsense"]) expect((await ask(query)).status).toBe(400);
  expect(await (await ask("after=0000000000.e1-1")).json()).toMatchObject({ status: 410, code: "cursor_invalid" });
});

test("what an agent reads ends when it is removed, and everybody's when the broker stops", async () => {
  await using broker = await startTestBroker();
  const bob = await broker.agent("bob");
  await using own = await follow(bob.client);
  await using all = await follow(broker.admin);
  await broker.admin.removeAgent({ agent: "bob" });
  await own.over;
  expect(own.failure()).toBeUndefined();
  await broker.kill("SIGTERM");
  await until(() => all.news.includes("lost"), "the goodbye");
  expect(all.types()).toContain("agent.removed");
});

test("who does not read costs a bounded part of it, and has the rest when it reads again", async () => {
  await using broker = await startTestBroker();
  const alice = await broker.agent("alice");
  await using other = await follow(broker.admin, { types: ["agent.summary"] });
  const response = await fetch(`${broker.url}/v1/events`, { headers: { authorization: `Bearer ${broker.key}` } });
  const reader = response.body?.getReader();
  const rounds = 40;
  for (let round = 0; round < rounds; round++) {
    await Promise.all(
      Array.from({ length: 100 }, (_, n) => alice.client.setSummary({ summary: `${round} ${n} ${"x".repeat(180)}` })),
    );
  }
  const decoder = new TextDecoder();
  const summaries: string[] = [];
  for (let text = ""; summaries.length < rounds * 100; ) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) break;
    const lines = (text + decoder.decode(value, { stream: true })).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) summaries.push(...(/"summary":"(\d+ \d+) /.exec(line)?.slice(1) ?? []));
  }
  expect(summaries.length).toBe(rounds * 100);
  expect(new Set(summaries).size).toBe(rounds * 100);
  const cursors = () => new Set(other.events.map(({ cursor }) => cursor));
  await until(() => cursors().size === rounds * 100, "all of it for who has read all the time", 30_000);
  expect(other.events.length).toBe(rounds * 100);
  await reader?.cancel();
}, 60_000);

/** What a test reads with, and how much room it has; it may be told of room at any time. */
class Paper implements EventSink {
  readonly written: MeshEvent[] = [];
  readonly closed: string[] = [];
  room = Number.POSITIVE_INFINITY;
  #hasRoom = () => {};
  #isClosed = () => {};

  get hasRoom(): boolean {
    return this.written.length < this.room && this.closed.length === 0;
  }

  onRoom(listener: () => void): void {
    this.#hasRoom = listener;
  }

  onClose(listener: () => void): void {
    this.#isClosed = listener;
  }

  event(event: MeshEvent): void {
    this.written.push(event);
  }

  passed(): void {}

  close(code: string): void {
    this.closed.push(code);
    this.#isClosed();
  }

  /** There is room for so many. */
  give(room: number): void {
    this.room = room;
    this.#hasRoom();
  }
}

test("readers that join, fall behind and catch up while much happens have everything once, in order", async () => {
  await using mesh = largeMesh();
  const faults: unknown[] = [];
  const events = new Events({ ...mesh, onFault: (fault) => faults.push(fault) });
  mesh.store.listen({ ready: () => {}, advanced: () => {}, happened: () => events.happened() });
  const [ada = "agt_none"] = await mesh.register(["ada"]);
  const readers: { readonly paper: Paper; readonly from: number }[] = [];
  const read = async (from: number, room?: number) => {
    const paper = new Paper();
    if (room !== undefined) paper.room = room;
    readers.push({ paper, from });
    await events.attach({ kind: "key" }, { types: ["agent.summary"] }, () => paper);
    return paper;
  };
  const all = await read(0);
  const slow = await read(0, 5);
  const summaries = 400;
  for (let n = 0; n < summaries; n++) {
    const told = mesh.store.setSummary(ada, `${n}`);
    // Told of room in the middle of everything, whether it had none or not.
    if (n % 3 === 0) all.give(Number.POSITIVE_INFINITY);
    if (n % 50 === 0) slow.give(n + 5);
    await told;
    if (n % 40 === 39) await read(n + 1);
  }
  slow.give(Number.POSITIVE_INFINITY);
  for (const { paper, from } of readers) {
    await until(() => paper.written.length >= summaries - from, "the last one");
    const told = paper.written.map((event) => (event.type === "agent.summary" ? Number(event.summary) : -1));
    expect(told).toEqual(Array.from({ length: summaries - from }, (_, n) => from + n));
  }
  expect([faults, events.size]).toEqual([[], readers.length]);
  for (const { paper } of readers) paper.close("");
  expect(events.size).toBe(0);
});

test("who cannot go on is told so, and an agent that left meanwhile reads nothing", async () => {
  await using mesh = largeMesh();
  const events = new Events({ ...mesh, onFault: () => {} });
  mesh.store.listen({ ready: () => {}, advanced: () => {}, happened: () => events.happened() });
  const [ada = "agt_none"] = await mesh.register(["ada"]);
  const slow = new Paper();
  slow.room = 1;
  await events.attach({ kind: "key" }, {}, () => slow);
  for (const summary of ["1", "2", "3"]) await mesh.store.setSummary(ada, summary);
  await until(() => slow.written.length === 1, "the one there is room for");
  mesh.db.exec("DELETE FROM event");
  slow.give(10);
  await until(() => slow.closed.length > 0, "the end");
  expect([slow.closed, slow.written.length]).toEqual([["cursor_gone"], 1]);
  const caller = await mesh.store.agentByToken("hash of ada");
  if (!caller) throw new Error("ada is not there");
  await mesh.store.removeAgent(ada);
  const late = new Paper();
  await events.attach({ kind: "agent", agent: caller }, {}, () => late);
  expect(late.closed).toEqual(["agent_removed"]);
});
