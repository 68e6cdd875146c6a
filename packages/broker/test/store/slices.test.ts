/** Acts that may be big: done in slices, between other acts, finished after a crash; and callers that take turns. */
import { join } from "node:path";
import { type AgentId, DeliveryRef } from "@agentmesh/protocol";
import { tempDir } from "testkit";
import { describe, expect, test } from "vitest";
import { newId } from "../../src/mesh/ids.ts";
import type { Store } from "../../src/mesh/store.ts";
import { SUBSCRIBERS } from "../../src/store/sqlite/agent/parties.ts";
import { REMOVED_WITH_MAIL } from "../../src/store/sqlite/agents.ts";
import { QUIET } from "../../src/store/sqlite/archive.ts";
import { SLICES } from "../../src/store/sqlite/commits/slices.ts";
import { MOVE } from "../../src/store/sqlite/delivery/counting.ts";
import { ACK_ALL, LEASE_ALL, OWN_THESE } from "../../src/store/sqlite/delivery/many.ts";
import { DUE, LEASED_BY, OPEN_OF, STATES_OF, STREAMED, THESE } from "../../src/store/sqlite/delivery-sql.ts";
import type { Database, Driver } from "../../src/store/sqlite/driver/database.ts";
import { openDatabase } from "../../src/store/sqlite/file/open.ts";
import { STREAMED_BY_EACH } from "../../src/store/sqlite/sessions.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { KEPT, SUBSCRIBED } from "../../src/store/sqlite/topics.ts";
import { driversOfRun } from "./drivers.ts";
import { fakeClock } from "./fake-clock.ts";
import { messageFrom, registered } from "./parties.ts";
import { planOf } from "./plan-of.ts";

const QUOTA = { maxMessages: 10_000, maxBytes: 1e9 };
const RETRY = { maxAttempts: 3, delayMs: () => 0 };
const MANY = 200;
const turn = () => new Promise(setImmediate);

describe.each(driversOfRun)("acts in slices by $name", (driver: Driver) => {
  const openIn = (folder: string) =>
    openDatabase({ driver, folder, synchronous: "normal", startEmpty: false, notice: () => {} });

  /** The file as a crash leaves it, opened again: SQLite's log stays while somebody else has the file open. */
  function reopenAfterCrash(database: Database, folder: string) {
    const other = driver.open(join(folder, "mesh.db"), { readonly: true });
    other.prepare("SELECT epoch FROM mesh").get();
    database.close();
    const reopened = openIn(folder);
    other.close();
    return reopened;
  }

  /** A store with MANY messages of alice's in bob's inbox, and carol, whom nobody writes to. */
  async function begin(folder: string, ttlMs = 60_000) {
    const clock = fakeClock();
    const database = openIn(folder);
    const store = sqliteStore(database, clock);
    const [alice, bob, carol] = [
      await registered(store, "alice"),
      await registered(store, "bob"),
      await registered(store, "carol"),
    ];
    const sends = Array.from({ length: MANY }, () => store.enqueue(messageFrom(alice, bob, { ttlMs }), QUOTA));
    await Promise.all(sends);
    return { clock, database, store, alice, bob, carol };
  }

  const inboxOf = async (store: Store, agentId: AgentId) =>
    (await store.listInbox({ agentId, which: "all", afterSeq: 0, limit: 1_000 })).entries;

  test("an agent that is removed has no token at once; its mail ends in slices, and others' sends go between", async () => {
    using folder = tempDir();
    const { store, alice, bob, carol } = await begin(folder.path);
    const gone: AgentId[] = [];
    store.listen({ ready: () => {}, advanced: () => {}, left: (id) => gone.push(id) });
    let isOver = false;
    const removed = store
      .removeAgent(bob, () => "it left")
      .finally(() => {
        isOver = true;
      });
    await turn();
    expect(await store.agentByToken("bob")).toBeUndefined();
    await expect(store.enqueue(messageFrom(alice, bob), QUOTA)).rejects.toMatchObject({ code: "agent_not_found" });
    await store.enqueue(messageFrom(alice, carol), QUOTA);
    expect(isOver, "the removal is whole before others had a turn").toBe(false);
    await turn();
    expect(gone).toEqual([bob]);
    expect(await removed).toBe(MANY);
    expect((await store.stats()).deliveries).toMatchObject({ dead: MANY, queued: MANY + 1 });
    const bounces = await inboxOf(store, alice);
    expect(bounces.map(({ seq }) => seq)).toEqual(Array.from({ length: MANY }, (_, i) => i + 1));
    await store.close();
  });

  test("who asks for one thing is not behind what is left of a round of those who ask for much", async () => {
    using folder = tempDir();
    // An act in each commit.
    const store = sqliteStore(openIn(folder.path), fakeClock(), undefined, { ...SLICES, batchMs: 0 });
    const [bob, carol] = [await registered(store, "bob"), await registered(store, "carol")];
    const senders = await Promise.all(Array.from({ length: 12 }, (_, i) => registered(store, `sender-${i}`)));
    let answered = 0;
    const sends = senders.flatMap((sender) =>
      Array.from({ length: 8 }, () => store.enqueue(messageFrom(sender, carol), QUOTA).finally(() => answered++)),
    );
    while (answered < 3) await turn();
    const before = answered;
    await store.enqueue(messageFrom(bob, carol), QUOTA);
    expect(answered - before).toBeLessThan(3);
    await Promise.all(sends);
    await store.close();
  });

  test("who has had its share of a round comes again in the next, while others ask on and on", async () => {
    using folder = tempDir();
    const { store, bob, carol } = await begin(folder.path);
    const senders = await Promise.all(Array.from({ length: 12 }, (_, i) => registered(store, `sender-${i}`)));
    let sent = 0;
    let isOver = false;
    const sending = senders.map(async (sender) => {
      for (; !isOver && sent < 3_000; sent++) await store.enqueue(messageFrom(sender, carol), QUOTA);
    });
    const acks = Array.from({ length: 64 }, (_, i) =>
      store.ack(bob, DeliveryRef.parse(String(i + 1)), undefined, "handled"),
    );
    await Promise.all(acks);
    isOver = true;
    await Promise.all(sending);
    expect(sent).toBeLessThan(500);
    await store.close();
  });

  test("a removal that a crash cuts off is finished after the next start, with one notice for each message", async () => {
    using folder = tempDir();
    const { clock, database, store, alice, bob } = await begin(folder.path);
    const cut = store.removeAgent(bob, () => "it left").catch((error: Error) => error);
    await turn();
    const again = sqliteStore(reopenAfterCrash(database.db, folder.path), clock);
    expect(await cut).toBeInstanceOf(Error);
    const { dead, queued } = (await again.stats()).deliveries;
    expect(dead, "the crash came after the first slice and before the last").toBeGreaterThan(0);
    expect(dead + queued - (await inboxOf(again, alice)).length).toBe(MANY);
    expect(dead).toBeLessThan(MANY);
    expect(await again.agentByToken("bob")).toBeUndefined();
    expect(await again.endRemoved(1_000, () => "it left")).toBe(MANY - dead);
    expect(await again.endRemoved(1_000, () => "it left")).toBe(0);
    expect((await again.stats()).deliveries).toMatchObject({ dead: MANY, queued: MANY });
    expect(new Set((await inboxOf(again, alice)).map(({ message: { inReplyTo } }) => inReplyTo)).size).toBe(MANY);
    await again.close();
  });

  test.each(["expired", "released by the end of its session", "taken back"] as const)(
    "what is %s is so in slices, once each, and others' sends go between",
    async (what) => {
      using folder = tempDir();
      const { clock, store, alice, bob, carol } = await begin(folder.path, 1_000);
      const session = newId("ses");
      await store.openSession({ id: session, agentId: bob, profile: {}, pushPaths: [] });
      const lease = { agentId: bob, max: MANY, maxBytes: 1e6, leaseMs: 60_000, session };
      const everybody = { ...messageFrom(alice, alice), topic: "news" };
      if (what === "released by the end of its session") await store.lease(lease);
      if (what === "expired") clock.advance(1_001);
      if (what === "taken back") {
        for (let i = 0; i < MANY; i++) await store.subscribe(await registered(store, `s${i}`), "news", 0, QUOTA);
        await store.publish(everybody, QUOTA);
      }
      let isOver = false;
      const act = {
        expired: () => store.expireMessages(1_000),
        "released by the end of its session": () => store.endSession(session, bob, "left", RETRY),
        "taken back": async () => (await store.cancel(everybody.id, alice)).cancelled,
      }
        [what]()
        .finally(() => {
          isOver = true;
        });
      await turn();
      await store.enqueue(messageFrom(carol, alice), QUOTA);
      expect(isOver).toBe(false);
      expect(await act).toBe(MANY);
      const { deliveries } = await store.stats();
      const ended = {
        expired: "expired",
        "released by the end of its session": "queued",
        "taken back": "cancelled",
      } as const;
      expect(deliveries[ended[what]]).toBeGreaterThanOrEqual(MANY);
      await store.close();
    },
  );

  const acksOf = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      ...{ ref: DeliveryRef.parse(String(i + 1)), receipt: undefined, evidence: "handled" as const },
    }));

  test("many acks are in slices, others' sends go between, and what their agent asks later goes behind", async () => {
    using folder = tempDir();
    const { store, alice, bob, carol } = await begin(folder.path);
    const order: string[] = [];
    const acked = store.ackMany(bob, acksOf(MANY)).finally(() => order.push("acks"));
    const behind = store.nack(bob, String(MANY), "none", { delayMs: 0, reason: undefined, retry: RETRY });
    void behind.finally(() => order.push("bob's next"));
    await turn();
    await store.enqueue(messageFrom(alice, carol), QUOTA).then(() => order.push("alice's send"));
    expect(new Set((await acked).map(({ kind }) => kind))).toEqual(new Set(["done"]));
    expect(await behind, "the last one had been acked").toMatchObject({ kind: "settled" });
    expect(order).toEqual(["alice's send", "acks", "bob's next"]);
    await store.close();
  });

  test("many acks that a crash cuts off are acked as far as they came, and asking again does the rest", async () => {
    using folder = tempDir();
    const { clock, database, store, bob } = await begin(folder.path);
    const cut = store.ackMany(bob, acksOf(MANY)).catch((error: Error) => error);
    await turn();
    const again = sqliteStore(reopenAfterCrash(database.db, folder.path), clock);
    // What was on disk is told, also where the rest failed.
    const answers = [await cut].flat();
    const told = answers.filter((each) => "kind" in each && each.kind === "done").length;
    const { acked, queued } = (await again.stats()).deliveries;
    expect(acked, "the crash came after the first slice and before the last").toBeGreaterThan(0);
    expect([acked + queued, told]).toEqual([MANY, acked]);
    const kinds = (await again.ackMany(bob, acksOf(MANY))).map(({ kind }) => kind);
    expect(kinds).toEqual(Array.from({ length: MANY }, (_, i) => (i < acked ? "acked_before" : "done")));
    await again.close();
  });

  test.each(["acks", "leases"] as const)(
    "when the disk is full before the last slice of many %s, what is on disk is told, and nothing else is said to be done",
    async (what) => {
      using folder = tempDir();
      const { clock, database, store, bob } = await begin(folder.path);
      await store.close();
      const { db } = openIn(folder.path);
      const full = sqliteStore({ ...database, db }, clock, undefined, { ...SLICES, firstMs: 0, ms: 0 });
      const lease = { agentId: bob, max: MANY, maxBytes: 1e9, leaseMs: 60_000, session: undefined };
      const asked = what === "acks" ? full.ackMany(bob, acksOf(MANY)) : full.lease(lease).then(({ leased }) => leased);
      await turn();
      db.pragma(`max_page_count = ${db.pragma("page_count", { simple: true })}`);
      const told = await asked;
      const done = told.filter((each) => !("kind" in each) || each.kind === "done").length;
      const state = what === "acks" ? "acked" : "leased";
      const { [state]: onDisk, queued } = (await full.stats()).deliveries;
      expect([done, queued], "the disk was full on the way").toEqual([onDisk, MANY - onDisk]);
      expect(onDisk).toBeGreaterThanOrEqual(SLICES.pieces);
      expect(onDisk).toBeLessThan(MANY);
      if (what === "acks") {
        const rest = told.filter((each) => "kind" in each && each.kind === "refused");
        expect(rest).toHaveLength(MANY - onDisk);
        expect(rest[0]).toMatchObject({ error: { code: "storage_full" } });
      }
      db.pragma("max_page_count = 1000000");
      await full.close();
    },
  );

  test("a lease of many is in slices, and others' sends go between", async () => {
    using folder = tempDir();
    const { store, alice, bob, carol } = await begin(folder.path);
    const order: string[] = [];
    const terms = { agentId: bob, max: MANY, maxBytes: 1e9, leaseMs: 60_000, session: undefined };
    const leased = store.lease(terms).finally(() => order.push("lease"));
    await turn();
    await store.enqueue(messageFrom(alice, carol), QUOTA).then(() => order.push("alice's send"));
    expect((await leased).leased.map(({ delivery }) => delivery.seq)).toEqual(
      Array.from({ length: MANY }, (_, i) => i + 1),
    );
    expect(order).toEqual(["alice's send", "lease"]);
    await store.close();
  });

  /** A store in whose topic MANY agents take part, one of them without room, and what carol publishes there. */
  async function beginTopic(folder: string) {
    const begun = await begin(folder);
    const { store, bob, carol } = begun;
    const subscribers: AgentId[] = [];
    for (let i = 0; i < MANY; i++) subscribers.push(await registered(store, `s${i}`));
    const patterns = ["news.local", "news.*", "news.>", "*.local", ">"];
    await Promise.all(subscribers.map((id, i) => store.subscribe(id, patterns[i % 5] ?? ">", 0, QUOTA)));
    for (const other of ["news", "news.local.more", "old.*", "*"]) await store.subscribe(begun.alice, other, 0, QUOTA);
    await store.subscribe(bob, "news.local", 0, QUOTA);
    const idempotency = { key: "k", contentHash: "h", windowMs: 60_000 };
    const news = { ...messageFrom(carol, carol), topic: "news.local", idempotency };
    return { ...begun, subscribers, news, quota: { ...QUOTA, maxMessages: MANY } };
  }

  test("a publish to many is in slices; who looks at it is shown all of it, and its sender's next act waits for it", async () => {
    using folder = tempDir();
    const { store, alice, carol, subscribers, news, quota } = await beginTopic(folder.path);
    const order: string[] = [];
    const published = store.publish(news, quota).finally(() => order.push("published"));
    await turn();
    await store.enqueue(messageFrom(alice, carol), QUOTA).then(() => order.push("alice's send"));
    const next = store.enqueue(messageFrom(carol, subscribers.at(-1) ?? carol), QUOTA);
    const again = store.publish({ ...news, id: newId("msg") }, quota);
    const shown = store.traceMessage(news.id, { viewer: undefined, after: undefined, limit: 1_000 });
    const past = await store.listMessages({
      ...{ party: undefined, other: undefined, thread: undefined, topic: "news.local", terms: undefined },
      ...{ viewer: undefined, ahead: false, from: undefined, limit: 1, maxBytes: 1_000, lookAt: 10 },
    });
    expect(past.entries[0]?.moreDeliveries).toBe(true);
    const { accepted, skipped, counts } = await published;
    expect(order).toEqual(["alice's send", "published"]);
    expect(accepted).toHaveLength(50);
    expect(skipped).toMatchObject([{ agent: { name: "bob" }, why: "inbox_full" }]);
    expect(counts).toEqual({ accepted: MANY, skipped: 1 });
    expect((await shown).deliveries).toHaveLength(MANY);
    expect((await next).delivery.seq).toBe(2);
    expect(await again).toMatchObject({ duplicate: true, message: { id: news.id }, counts, skipped });
    await store.close();
  });

  /** A store in whose topic carol has published MANY messages. */
  async function beginRetained(folder: string) {
    const { store: first, database, clock, ...agents } = await begin(folder);
    const news = () => ({ ...messageFrom(agents.carol, agents.carol), topic: "news" });
    for (let i = 0; i < MANY; i++) await first.publish(news(), QUOTA);
    await first.close();
    const { db } = openIn(folder);
    // Behind the first slice one message in each.
    const store = sqliteStore({ ...database, db }, clock, undefined, { ...SLICES, firstMs: 0, ms: 0 });
    const idsOf = async (at: Store) => (await inboxOf(at, agents.alice)).map((entry) => entry.message.id);
    return { ...agents, clock, database: { ...database, db }, store, news, idsOf };
  }

  test("what was published before a subscription is given in slices, with what is published meanwhile, each once and in order", async () => {
    using folder = tempDir();
    const { store, alice, bob, carol, news, idsOf } = await beginRetained(folder.path);
    const order: string[] = [];
    const subscribed = store.subscribe(alice, "news", 80, QUOTA).finally(() => order.push("subscribed"));
    await turn();
    const meanwhile = news();
    await store.publish(meanwhile, QUOTA).then(() => order.push("carol's publish"));
    await store.enqueue(messageFrom(bob, carol), QUOTA).then(() => order.push("bob's send"));
    const next = news();
    expect(await subscribed).toMatchObject({ created: true, retained: 81, leftOut: 0 });
    expect(order).toEqual(["carol's publish", "bob's send", "subscribed"]);
    await store.publish(next, QUOTA);
    const ids = await idsOf(store);
    expect([ids.length, new Set(ids).size, ids.at(-2), ids.at(-1)]).toEqual([82, 82, meanwhile.id, next.id]);
    expect(ids).toEqual(ids.toSorted());
    await store.close();
  });

  test("what is taken back between two slices is not given, nor what is published on other topics meanwhile", async () => {
    using folder = tempDir();
    const { store, alice, carol, news, idsOf } = await beginRetained(folder.path);
    const late = news();
    await store.publish(late, QUOTA);
    const subscribed = store.subscribe(alice, "news", 80, QUOTA);
    await turn();
    await store.cancel(late.id, carol);
    await store.publish({ ...news(), topic: "olds" }, QUOTA);
    expect(await subscribed).toMatchObject({ retained: 79, leftOut: 0 });
    const ids = await idsOf(store);
    expect([ids.length, ids.includes(late.id)]).toEqual([79, false]);
    await store.close();
  });

  test("a subscription that a crash cuts off is none, and who asks again gets the rest", async () => {
    using folder = tempDir();
    const { clock, database, store, alice, idsOf } = await beginRetained(folder.path);
    const cut = store.subscribe(alice, "news", 80, QUOTA).catch((error: Error) => error);
    await turn();
    const again = sqliteStore(reopenAfterCrash(database.db, folder.path), clock);
    expect(await cut).toBeInstanceOf(Error);
    const given = (await idsOf(again)).length;
    expect([given > 0, given < 80]).toEqual([true, true]);
    // The same call again.
    expect(await again.subscribe(alice, "news", 80, QUOTA)).toMatchObject({ created: true, retained: 80 - given });
    const ids = await idsOf(again);
    expect([ids.length, new Set(ids).size]).toEqual([80, 80]);
    await again.close();
  });

  test("a publish that a crash cuts off is whole at the next start, each subscriber once, and answered as before", async () => {
    using folder = tempDir();
    const { clock, database, store, subscribers, news, quota } = await beginTopic(folder.path);
    const cut = store.publish(news, quota).catch((error: Error) => error);
    await turn();
    const reopened = reopenAfterCrash(database.db, folder.path);
    expect(await cut).toBeInstanceOf(Error);
    const rest = reopened.db.prepare<[], { rest: string }>("SELECT rest FROM publishing").get()?.rest ?? "[]";
    expect(JSON.parse(rest).length, "the crash came after the first slice").toBeGreaterThan(0);
    const again = sqliteStore(reopened, clock);
    const { deliveries } = await again.traceMessage(news.id, { viewer: undefined, after: undefined, limit: 1_000 });
    expect(new Set(deliveries.map(({ to }) => to.id))).toEqual(new Set(subscribers));
    expect(deliveries.map(({ seq }) => seq)).toEqual(deliveries.map(() => 1));
    const answer = await again.publish({ ...news, id: newId("msg") }, quota);
    expect(answer).toMatchObject({ duplicate: true, counts: { accepted: MANY, skipped: 1 } });
    expect(reopened.db.prepare("SELECT * FROM publishing").all()).toEqual([]);
    await again.close();
  });

  test("a publish that a full disk cuts off is accepted: its sender is told, and all have it once there is room", async () => {
    using folder = tempDir();
    const { clock, database, store, subscribers, news, quota } = await beginTopic(folder.path);
    await store.close();
    const { db } = openIn(folder.path);
    const full = sqliteStore({ ...database, db }, clock, undefined, { ...SLICES, firstMs: 0, ms: 0 });
    const refusal = full.publish(news, quota).catch((error: Error) => error);
    await turn();
    db.pragma(`max_page_count = ${db.pragma("page_count", { simple: true })}`);
    const told = await refusal;
    expect(told).toMatchObject({ code: "storage_full", message: expect.stringContaining(`${news.id} is accepted`) });
    await full.finishPublishes();
    const again = full.publish({ ...news, id: newId("msg") }, quota);
    await expect(again, "there still is no room").rejects.toMatchObject({ code: "storage_full" });
    db.pragma("max_page_count = 1000000");
    await full.finishPublishes();
    const { deliveries } = await full.traceMessage(news.id, { viewer: undefined, after: undefined, limit: 1_000 });
    expect(deliveries.map(({ to }) => to.id).toSorted()).toEqual(subscribers.toSorted());
    await full.close();
  });

  test("a retry of a publish that a full disk has cut off goes on where it ended, and is answered when all have it", async () => {
    using folder = tempDir();
    const { clock, database, store, news, quota } = await beginTopic(folder.path);
    await store.close();
    const { db } = openIn(folder.path);
    const full = sqliteStore({ ...database, db }, clock, undefined, { ...SLICES, firstMs: 0, ms: 0 });
    const refusal = full.publish(news, quota).catch((error: Error) => error);
    await turn();
    db.pragma(`max_page_count = ${db.pragma("page_count", { simple: true })}`);
    await refusal;
    db.pragma("max_page_count = 1000000");
    const answer = await full.publish({ ...news, id: newId("msg") }, quota);
    expect(answer).toMatchObject({ duplicate: true, message: { id: news.id }, counts: { accepted: MANY, skipped: 1 } });
    await full.close();
  });

  test("what a full disk cuts off says that a part was stored; asked again it goes on where it ended", async () => {
    using folder = tempDir();
    const { clock, database, store, alice, bob, subscribers, news, quota } = await beginTopic(folder.path);
    await store.publish(news, quota);
    await store.close();
    const { db } = openIn(folder.path);
    const full = sqliteStore({ ...database, db }, clock, undefined, { ...SLICES, firstMs: 0, ms: 0 });
    const refusal = full.cancel(news.id, news.senderId).catch((error: Error) => error);
    await turn();
    db.pragma(`max_page_count = ${db.pragma("page_count", { simple: true })}`);
    expect(await refusal).toMatchObject({ code: "storage_full", message: expect.stringContaining("a part of this") });
    await expect(full.enqueue(messageFrom(alice, bob), QUOTA)).rejects.toThrow("nothing was stored");
    db.pragma("max_page_count = 1000000");
    const { cancelled, before } = await full.cancel(news.id, news.senderId);
    expect(before).toBeGreaterThan(0);
    expect(cancelled + before).toBe(subscribers.length);
    await full.close();
  });

  test("who leaves while it is published gets nothing and no notice is owed; who takes part anew gets it once", async () => {
    using folder = tempDir();
    const { store, subscribers, news, quota } = await beginTopic(folder.path);
    const [last, before] = subscribers.toReversed();
    if (!last || !before) throw new Error("nobody is subscribed");
    const published = store.publish(news, quota);
    await turn();
    await Promise.all([store.removeAgent(last), store.subscribe(before, "news.local", 10, QUOTA)]);
    expect((await published).counts).toEqual({ accepted: MANY - 1, skipped: 1 });
    expect(await inboxOf(store, before)).toHaveLength(1);
    await store.close();
  });

  test("one caller's thousand sends do not stand before another's one, and keep their order", async () => {
    using folder = tempDir();
    const { store, alice, bob, carol } = await begin(folder.path);
    const done: string[] = [];
    const flood = Array.from({ length: 1_000 }, (_, i) =>
      store.enqueue(messageFrom(alice, bob), QUOTA).then(({ delivery }) => done.push(`flood ${i}: #${delivery.seq}`)),
    );
    const other = store.enqueue(messageFrom(carol, bob), QUOTA).then(() => done.push("carol"));
    await other;
    expect(done.length).toBeLessThan(300);
    await Promise.all(flood);
    const seqs = done.filter((each) => each !== "carol").map((each) => Number(each.split("#")[1]));
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(done.filter((each) => each !== "carol").map((each) => Number(each.split(/[ :]/)[1]))).toEqual(
      Array.from({ length: 1_000 }, (_, i) => i),
    );
    await store.close();
  });

  test("what slices look for is found along an index: no scan of what is stored", () => {
    using folder = tempDir();
    const { db } = openIn(folder.path);
    const plans: Record<string, readonly [plan: string, along: string]> = {
      open: [planOf(db, OPEN_OF), "delivery_open (agent_pk=?)"],
      held: [planOf(db, OPEN_OF), "delivery_held (agent_pk=?)"],
      leased: [planOf(db, LEASED_BY), "delivery_by_session (session_id=?)"],
      streamed: [
        planOf(db, STREAMED),
        "delivery_by_session (session_id=? AND stream_position>? AND stream_position<?)",
      ],
      due: [planOf(db, DUE), "delivery_delayed"],
      states: [planOf(db, STATES_OF), "delivery_by_message (message_pk=? AND rowid>?)"],
      subscribers: [planOf(db, SUBSCRIBERS), "a USING INTEGER PRIMARY KEY (rowid=?)"],
      has: [planOf(db, SUBSCRIBERS), "delivery_by_agent (agent_pk=? AND message_pk=?)"],
      holders: [planOf(db, STREAMED_BY_EACH), "delivery_by_session (session_id=? AND stream_position>?)"],
      these: [planOf(db, THESE), "d USING INTEGER PRIMARY KEY (rowid=?)"],
      own: [planOf(db, OWN_THESE), "d USING INDEX sqlite_autoindex_delivery_1 (id=?)"],
      leases: [planOf(db, LEASE_ALL), "delivery USING INTEGER PRIMARY KEY (rowid=?)"],
      acks: [planOf(db, ACK_ALL), "delivery USING INTEGER PRIMARY KEY (rowid=?)"],
      inboxes: [planOf(db, MOVE), "agent USING INTEGER PRIMARY KEY (rowid=?)"],
      subscribed: [planOf(db, SUBSCRIBED), "subscription_by_pattern (pattern=?)"],
      kept: [planOf(db, KEPT), "message_by_topic (topic=? AND pk>?)"],
      quiet: [planOf(db, QUIET), "agent_quiet (<expr><?)"],
    };
    for (const [name, [steps, along]] of Object.entries(plans)) {
      expect(steps, name).toContain(along);
      expect(steps, name).not.toMatch(/SCAN (?!json_each|\()/);
    }
    // An index of these alone.
    expect(planOf(db, REMOVED_WITH_MAIL)).toBe("SCAN agent USING INDEX agent_leaving");
    db.close();
  });
});
