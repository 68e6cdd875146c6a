/** What is kept is counted as it comes and goes, refused beyond a quota, and let go before that where it is history. */
import type { AgentId } from "@agentmesh/protocol";
import { seededRandom, tempDir } from "testkit";
import { describe, expect, test } from "vitest";
import { newId } from "../../src/mesh/ids.ts";
import type { KeepingQuota } from "../../src/mesh/store/keeping.ts";
import type { MessageToEnqueue, Store } from "../../src/mesh/store.ts";
import type { Driver } from "../../src/store/sqlite/driver/database.ts";
import { openDatabase } from "../../src/store/sqlite/file/open.ts";
import { type OpenDatabase, sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { driversOfRun } from "./drivers.ts";
import { fakeClock } from "./fake-clock.ts";

const DAY_MS = 86_400_000;
const RETRY = { maxAttempts: 3, delayMs: () => 0 };
const NONE: KeepingQuota = { agentMessages: 0, agentBytes: 0, meshMessages: 0, meshBytes: 0 };
const INBOX = { maxMessages: 1_000_000, maxBytes: 1e9 };

function opened(driver: Driver) {
  const folder = tempDir();
  const clock = fakeClock();
  const notices: string[] = [];
  const notice = (_: string, event: string) => void notices.push(event);
  const open = () => openDatabase({ driver, folder: folder.path, synchronous: "full", startEmpty: false, notice });
  let database: OpenDatabase = open();
  let store: Store = sqliteStore(database, clock);
  let keys = 0;
  const sent = (body: string, ttlMs = 30 * DAY_MS) => {
    const id = newId("msg");
    const bytes = { body, bodyBytes: Buffer.byteLength(body) };
    return { id, threadId: `thr_${id.slice(4)}` as const, ...bytes, ttlMs, idempotency: undefined };
  };
  return {
    clock,
    notices,
    folder: folder.path,
    get store() {
      return store;
    },
    async agent(name: string): Promise<AgentId> {
      const id = newId("agt");
      await store.registerAgent({ id, tokenHash: id, name, ifTaken: "refuse", profile: {} });
      return id;
    },
    send: (
      senderId: AgentId,
      recipientId: AgentId,
      body: string,
      keeping = NONE,
      more: Partial<MessageToEnqueue> = {},
    ) =>
      store.enqueue(
        {
          ...sent(body),
          senderId,
          recipientId,
          deliveryId: newId("dlv"),
          inReplyTo: undefined,
          answers: undefined,
          ...more,
        },
        { ...INBOX, keeping },
      ),
    publish: (senderId: AgentId, topic: string, body: string, keeping = NONE, ttlMs = 30 * DAY_MS) =>
      store.publish({ ...sent(body, ttlMs), senderId, topic }, { ...INBOX, keeping }),
    key: () => ({ key: `key-${keys++}`, contentHash: "x", windowMs: DAY_MS }),
    /** What a count of everything says, whatever the triggers did. */
    counted: () =>
      database.db
        .prepare<[], { name: string; messages: number; bytes: number }>(
          `SELECT a.name,
             (SELECT COUNT(*) FROM message m WHERE m.sender_pk = a.pk) AS messages,
             (SELECT TOTAL(1024 + 2 * LENGTH(CAST(m.body AS BLOB)) + IFNULL(LENGTH(m.skipped), 0)) FROM message m WHERE m.sender_pk = a.pk)
               + 1024 * (SELECT COUNT(*) FROM delivery d JOIN message m ON m.pk = d.message_pk WHERE m.sender_pk = a.pk)
               + 512 * (SELECT COUNT(*) FROM subscription s WHERE s.agent_pk = a.pk) AS bytes
           FROM agent a`,
        )
        .all()
        .filter(({ bytes }) => bytes > 0)
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    keepers: async () =>
      (await store.listKeepers(100))
        .map(({ agent, messages, bytes }) => ({ name: agent.name, messages, bytes }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    bodies: () =>
      database.db
        .prepare<[], { body: string }>("SELECT body FROM message ORDER BY pk")
        .all()
        .map(({ body }) => body),
    triggers: () =>
      database.db
        .prepare<[], { name: string }>(
          "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'keeping%' ORDER BY name",
        )
        .all()
        .map(({ name }) => name),
    /** An engine that does not count something. */
    drop: (trigger: string) => database.db.exec(`DROP TRIGGER ${trigger}`),
    /** An engine that takes a kilobyte from each count after it has written many deliveries at once. */
    forgetMany: () =>
      database.db.exec(`CREATE TRIGGER forget_many AFTER UPDATE ON counting WHEN NEW.by_act = 0 BEGIN
        UPDATE keeping SET bytes = bytes - 1024 WHERE bytes > 1024; END`),
    /** As a new process finds it after the old one was killed. */
    crash() {
      database.db.close();
      database = open();
      store = sqliteStore(database, clock);
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      folder[Symbol.dispose]();
    },
  };
}

const codeOf = (act: Promise<unknown>) =>
  act.then(
    () => "ok",
    (error: { code?: string }) => error.code,
  );

/** All that counts; a new one belongs here (`keeping_%` in the migrations), and into what is done below. */
const COUNTING = [
  "keeping_agent",
  "keeping_all",
  "keeping_message",
  "keeping_skipped",
  "keeping_no_message",
  "keeping_delivery",
  "keeping_no_delivery",
  "keeping_subscription",
  "keeping_no_subscription",
];

/** Does all that moves what is kept, at random, and compares the counts with a count of everything now and then. */
async function wander(mesh: ReturnType<typeof opened>): Promise<void> {
  const random = seededRandom(90_210);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const agents = [await mesh.agent("alice"), await mesh.agent("bob"), await mesh.agent("carol")];
  const bounce = () => "it ended";
  const acts: (() => Promise<unknown>)[] = [
    () => mesh.send(pick(agents), pick(agents), "x".repeat(Math.floor(random() * 900) + 1)),
    () => mesh.send(pick(agents), pick(agents), "ünï", NONE, { idempotency: mesh.key() }),
    () => mesh.send(pick(agents), pick(agents), "short", NONE, { ttlMs: 1_000 }),
    () => mesh.publish(pick(agents), pick(["a", "b.c"]), "to whom it may concern", NONE, pick([1_000, DAY_MS])),
    () => mesh.store.subscribe(pick(agents), pick(["a", "b.*", ">", "nobody"]), 5, INBOX),
    () => mesh.store.unsubscribe(pick(agents), pick(["a", "b.*", ">", "nobody"])),
    async () => {
      const agentId = pick(agents);
      const { leased } = await mesh.store.lease({
        agentId,
        max: 3,
        maxBytes: 9_999,
        leaseMs: 5_000,
        session: undefined,
      });
      for (const { delivery } of leased) {
        const { id, receipt } = delivery;
        if (random() < 0.7) await mesh.store.ack(agentId, id, receipt, "handled");
        else await mesh.store.reject(agentId, id, receipt, { reason: "no", bounce });
      }
    },
    async () => mesh.clock.advance(pick([100, 2_000, DAY_MS])),
    () => mesh.store.expireMessages(50, bounce),
    () => mesh.store.expireLeases(50, RETRY),
    () => mesh.store.prune(DAY_MS, 20),
    () => mesh.store.letGo({ ...NONE, meshMessages: 5 }, DAY_MS, 5),
    () => codeOf(mesh.send(pick(agents), pick(agents), "refused", { ...NONE, meshMessages: 1 })),
    async () => mesh.crash(),
    async () => {
      if (random() < 0.8) return;
      const [gone] = agents.splice(0, 1);
      if (gone) await mesh.store.removeAgent(gone, bounce);
      agents.push(await mesh.agent(`agent-${newId("msg").slice(-6)}`));
    },
  ];
  for (let i = 0; i < 400; i++) {
    await pick(acts)();
    if (i % 20 > 0) continue;
    const counted = mesh.counted();
    expect(await mesh.keepers()).toEqual(counted);
    const { messages, bytes } = await mesh.store.kept();
    expect({ messages, bytes }).toEqual({
      messages: counted.reduce((sum, each) => sum + each.messages, 0),
      bytes: counted.reduce((sum, each) => sum + each.bytes, 0),
    });
  }
}

describe.each(driversOfRun)("what is kept, by $name", (driver) => {
  test("is what a count of everything says, whatever was done, by whom, and wherever it was killed", async () => {
    await using mesh = opened(driver);
    await wander(mesh);
  });

  test("is counted by these alone", async () => {
    await using mesh = opened(driver);
    expect(mesh.triggers()).toEqual([...COUNTING].sort());
  });

  test.each(COUNTING)("is not what a count says where %s does not count, and that is seen", async (trigger) => {
    await using mesh = opened(driver);
    mesh.drop(trigger);
    await expect(wander(mesh)).rejects.toThrow(/toEqual|deeply equal/);
  });

  test("is not what a count says where a publish counts too few of its deliveries, and that is seen", async () => {
    await using mesh = opened(driver);
    mesh.forgetMany();
    await expect(wander(mesh)).rejects.toThrow(/toEqual|deeply equal/);
  });

  test.each([
    ["messages", { ...NONE, agentMessages: 10 }, /^alice keeps 10 of 10 messages, history included/],
    ["bytes", { ...NONE, agentBytes: 32_000 }, /^alice keeps \d+ of 32000 bytes, history included/],
  ])(
    "of one sender has a quota of %s: beyond it nothing is stored, and others send as ever",
    async (_, quota, words) => {
      await using mesh = opened(driver);
      const [alice, bob] = [await mesh.agent("alice"), await mesh.agent("bob")];
      const key = mesh.key();
      await mesh.send(alice, bob, "x", quota, { idempotency: key });
      // Messages to nobody, as many as go.
      for (let i = 0; i < 100; i++) await codeOf(mesh.publish(alice, `topic-${i}`, "x".repeat(500), quota));
      const before = mesh.counted();
      const refusal = await mesh.publish(alice, "one.more", "x".repeat(500), quota).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: "quota_full", message: expect.stringMatching(words) });
      expect(await codeOf(mesh.send(alice, bob, "x".repeat(500), quota))).toBe("quota_full");
      expect(mesh.counted(), "nothing was stored").toEqual(before);
      expect(
        await mesh.send(alice, bob, "x", quota, { idempotency: key }),
        "a repeated send stores nothing",
      ).toMatchObject({
        duplicate: true,
      });
      expect(await codeOf(mesh.send(bob, alice, "I still can", quota))).toBe("ok");
      mesh.crash();
      expect(await codeOf(mesh.send(alice, bob, "x".repeat(500), quota)), "also after a restart").toBe("quota_full");
      mesh.clock.advance(DAY_MS + 1);
      while (await mesh.store.letGo(quota, DAY_MS, 50));
      expect(await codeOf(mesh.send(alice, bob, "there is room again", quota))).toBe("ok");
    },
  );

  test("counts subscriptions, and refuses more of them than the quota of their agent", async () => {
    await using mesh = opened(driver);
    const alice = await mesh.agent("alice");
    const quota = { ...INBOX, keeping: { ...NONE, agentBytes: 10 * 512 } };
    for (let i = 0; i < 10; i++) await mesh.store.subscribe(alice, `topic-${i}`, 0, quota);
    expect(await codeOf(mesh.store.subscribe(alice, "one.more", 0, quota))).toBe("quota_full");
    expect(await mesh.store.listSubscriptions(alice, undefined, 100)).toHaveLength(10);
    await mesh.store.unsubscribe(alice, "topic-1");
    expect(await codeOf(mesh.store.subscribe(alice, "one.more", 0, quota))).toBe("ok");
  });

  test("of all has a quota: the oldest history goes first, never what is open, dead, asked, or under a key", async () => {
    await using mesh = opened(driver);
    const [alice, bob] = [await mesh.agent("alice"), await mesh.agent("bob")];
    const acked = async (body: string, more: Partial<MessageToEnqueue> = {}) => {
      const { delivery } = await mesh.send(alice, bob, body, NONE, more);
      await mesh.store.ack(bob, delivery.id, undefined, "handled");
    };
    await acked("an old key", { idempotency: { ...mesh.key(), windowMs: 40 * DAY_MS } });
    await mesh.send(alice, bob, "open");
    const dead = await mesh.send(alice, bob, "dead");
    const { leased } = await mesh.store.lease({
      agentId: bob,
      max: 9,
      maxBytes: 9_999,
      leaseMs: 60_000,
      session: undefined,
    });
    const rejected = leased.find(({ delivery }) => delivery.id === dead.delivery.id)?.delivery;
    await mesh.store.reject(bob, dead.delivery.id, rejected?.receipt ?? "", { reason: "no" });
    await acked("a question", { answerWithinMs: 20 * DAY_MS });
    await mesh.publish(alice, "nobody.there", "published to nobody");
    for (let i = 0; i < 30; i++) await acked(`history ${i}`);
    mesh.clock.advance(2 * DAY_MS);
    for (let i = 0; i < 10; i++) await acked(`young ${i}`);

    const quota = { ...NONE, meshMessages: 40 };
    while (await mesh.store.letGo(quota, DAY_MS, 3));
    const left = mesh.bodies();
    expect(left).toEqual(expect.arrayContaining(["an old key", "open", "dead", "a question", "young 0", "young 9"]));
    expect(left).not.toContain("history 0");
    expect(left, "no more than that goes").toContain("history 29");
    expect((await mesh.store.kept()).messages).toBeLessThanOrEqual(36);
    expect((await mesh.store.kept()).messages).toBeGreaterThan(30);
    expect((await mesh.store.kept()).letGo?.messages).toBe(45 - (await mesh.store.kept()).messages);
    expect(mesh.notices).toContain("history.let_go");

    // With nothing left that may go, the quota refuses, and what is kept stays.
    while (await mesh.store.letGo({ ...NONE, meshMessages: 1 }, DAY_MS, 50));
    expect((await mesh.store.kept()).messages).toBe(4 + 10);
    expect(await codeOf(mesh.send(bob, alice, "more", { ...NONE, meshMessages: 14 }))).toBe("quota_full");
  });

  test("has an end also where a receiver repeats itself: of each event of a delivery the newest hundred entries", async () => {
    await using mesh = opened(driver);
    const [alice, bob] = [await mesh.agent("alice"), await mesh.agent("bob")];
    const { delivery } = await mesh.send(alice, bob, "take your time");
    const terms = { agentId: bob, max: 1, maxBytes: 999, leaseMs: 60_000, session: undefined };
    const receipt = async () => (await mesh.store.lease(terms)).leased[0]?.delivery.receipt ?? "";
    const held = await receipt();
    for (let i = 0; i < 130; i++) {
      await mesh.store.extend(bob, delivery.id, held, 60_000);
      await mesh.store.recordPush(bob, delivery.id, held, {
        path: "stream",
        failedWhy: i % 2 === 0 ? undefined : `no ${i}`,
      });
    }
    await mesh.store.release(bob, delivery.id, held, { reason: "nobody's fault", retry: RETRY });
    for (let i = 0; i < 130; i++) {
      await mesh.store.release(bob, delivery.id, await receipt(), { reason: `again ${i}`, retry: RETRY });
    }
    const { entries } = await mesh.store.log({ after: undefined, limit: 500, viewer: undefined });
    const counts: Record<string, number> = {};
    for (const { event } of entries) counts[event] = (counts[event] ?? 0) + 1;
    expect(counts.extended).toBe(100);
    expect(counts.pushed).toBe(65);
    expect(counts.leased).toBeLessThanOrEqual(101);
    expect(counts.released).toBeLessThanOrEqual(101);
    expect(counts.accepted).toBe(1);
    expect(entries.at(-1)).toMatchObject({ event: "released", reason: "again 129" });
  });

  test("counts about what the disk gives for it", async () => {
    await using mesh = opened(driver);
    const [alice, bob] = [await mesh.agent("alice"), await mesh.agent("bob")];
    const text = (i: number, bytes: number) =>
      Array.from({ length: bytes / 8 }, (_, n) =>
        ((i * 7_919 + n * 104_729) % 16 ** 7).toString(16).padStart(7, "0"),
      ).join(" ");
    for (let i = 0; i < 300; i++) await mesh.publish(alice, `t${i % 50}`, text(i, 8_000));
    for (let i = 0; i < 300; i++) {
      const { delivery } = await mesh.send(alice, bob, text(1_000 + i, 400), NONE, { idempotency: mesh.key() });
      await mesh.store.ack(bob, delivery.id, undefined, "handled");
    }
    const { bytes } = await mesh.store.kept();
    const onDisk = (await mesh.store.stats()).bytes;
    expect(onDisk / bytes).toBeGreaterThan(0.4);
    expect(onDisk / bytes).toBeLessThan(1.6);
  });
});
