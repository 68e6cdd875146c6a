/** What an idle mesh costs the disk: heartbeats in memory, written once a minute; nothing asked for that is not due. */
import { DEFAULT_TTL_MS } from "@agentmesh/protocol";
import { tempDir } from "testkit";
import { describe, expect, test } from "vitest";
import { ConfigSchema } from "../../src/config/schema.ts";
import { newId } from "../../src/mesh/ids.ts";
import { sweep } from "../../src/mesh/sweeper.ts";
import type { Database, Driver } from "../../src/store/sqlite/driver/database.ts";
import { openDatabase } from "../../src/store/sqlite/file/open.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { drivers } from "./drivers.ts";
import { fakeClock } from "./fake-clock.ts";

const MINUTE_MS = 60_000;
const OFFLINE_AFTER_MS = 120_000;
const RETRY = { maxAttempts: 3, delayMs: () => 0 };
const QUOTA = { maxMessages: 10, maxBytes: 1e9 };

/** The same database, and which statements were run since they were last counted. */
function counted(db: Database): { readonly db: Database; ran(): string[] } {
  const ran: string[] = [];
  const prepare: Database["prepare"] = (sql) => {
    const statement = db.prepare(sql);
    return new Proxy(statement, {
      get: (of, key) => {
        const member: unknown = Reflect.get(of, key);
        if (typeof member !== "function") return member;
        return (...given: unknown[]) => {
          ran.push(sql.trim());
          return Reflect.apply(member, of, given);
        };
      },
    }) as never;
  };
  const proxy = new Proxy(db, { get: (of, key) => (key === "prepare" ? prepare : bound(of, key)) });
  return { db: proxy, ran: () => ran.splice(0) };
}

function bound(of: object, key: string | symbol): unknown {
  const member: unknown = Reflect.get(of, key);
  return typeof member === "function" ? member.bind(of) : member;
}

describe.each(drivers)("an idle mesh by $name", (driver: Driver) => {
  async function begin(folder: string) {
    const clock = fakeClock();
    const opened: Database[] = [];
    /** As a process finds it that follows one that was stopped, or killed. */
    const start = () => {
      const database = openDatabase({ driver, folder, synchronous: "normal", startEmpty: false, notice: () => {} });
      opened.push(database.db);
      const { db, ran } = counted(database.db);
      return { store: sqliteStore({ ...database, db }, clock), db: database.db, ran };
    };
    const first = start();
    const { agent } = await first.store.registerAgent({
      ...{ id: newId("agt"), tokenHash: "ada", name: "ada", ifTaken: "refuse", profile: {} },
    });
    const open = async (pushPaths = [{ path: "stream" }]) => {
      const id = newId("ses");
      await first.store.openSession({ id, agentId: agent.id, profile: {}, pushPaths });
      return id;
    };
    const end = () => {
      for (const db of opened) if (db.open) db.close();
    };
    return { clock, start, ...first, ada: agent.id, open, end };
  }

  test("heartbeats are no writes: those of a minute are one statement, whoever's they are", async () => {
    using folder = tempDir();
    const { clock, store, ada, open, ran, end } = await begin(folder.path);
    const sessions = [await open(), await open(), await open()];
    ran();
    const writes = () => ran().filter((sql) => /^(UPDATE|INSERT|DELETE|COMMIT)/.test(sql));
    for (let beat = 0; beat < 4; beat++) {
      for (const id of sessions) expect(await store.touchSession(id, ada, [{ path: "stream" }])).toBe(true);
      clock.advance(15_000 - 1);
      await store.writeHeartbeats();
      expect(writes()).toEqual([]);
    }
    clock.advance(4);
    await store.writeHeartbeats();
    expect(writes().map((sql) => sql.split(" ")[0])).toEqual(["UPDATE", "COMMIT"]);
    await store.writeHeartbeats();
    expect(writes()).toEqual([]);
    end();
  });

  test("a killed broker's successor ends no session whose heartbeat was not written, and each one that missed its own", async () => {
    using folder = tempDir();
    const { clock, store, ada, open, start, end } = await begin(folder.path);
    const [alive, dead] = [await open(), await open()];
    clock.advance(MINUTE_MS);
    await store.touchSession(alive, ada, undefined);
    // What is written later says less of it than is known now.
    clock.advance(MINUTE_MS - 1);
    await store.touchSession(alive, ada, undefined);
    await store.writeHeartbeats();
    clock.advance(1);
    const next = start().store;
    expect(await next.expireSessions(OFFLINE_AFTER_MS, RETRY)).toEqual([]);
    expect(await next.touchSession(alive, ada, undefined)).toBe(true);
    expect((await next.findAgent("ada"))?.heartbeatAgeMs).toBe(0);
    clock.advance(MINUTE_MS + 5_000);
    await next.touchSession(alive, ada, undefined);
    expect(await next.expireSessions(OFFLINE_AFTER_MS, RETRY)).toEqual([dead]);
    end();
  });

  test("a successor of a broker that was stopped knows each heartbeat, and when an agent was last seen", async () => {
    using folder = tempDir();
    const { clock, store, ada, open, start, end } = await begin(folder.path);
    const holder = await open();
    clock.advance(20_000);
    const at = clock.now();
    await store.touchSession(holder, ada, undefined);
    await store.close();
    clock.advance(7_000);
    const next = start().store;
    expect(await next.findAgent("ada")).toMatchObject({ heartbeatAgeMs: 7_000, lastSeenAt: at });
    await next.close();
    end();
  });

  test.each([
    ["push paths", { pushPaths: [{ path: "claude-inbox" }] }, undefined],
    ["the end of a doubt", { doubt: undefined }, "stream_closed"],
  ] as const)("what else changes by a heartbeat is on disk when it is answered: %s", async (_, shown, why) => {
    using folder = tempDir();
    const { clock, store, ada, open, start, end } = await begin(folder.path);
    const holder = await open();
    if (why) await store.doubtSession({ id: holder, agentId: ada }, 45_000, why);
    clock.advance(1_000);
    await store.touchSession(holder, ada, [{ path: "claude-inbox" }]);
    expect(await start().store.findAgent("ada")).toMatchObject(shown);
    end();
  });

  test("a heartbeat ends the doubts that were there before it was asked for, on disk or not, and no later ones", async () => {
    using folder = tempDir();
    const { store, ada, open, end } = await begin(folder.path);
    const id = await open();
    const doubt = () => store.doubtSession({ id, agentId: ada }, 45_000, "stream_closed");
    const beat = () => store.touchSession(id, ada, undefined);
    const isDoubted = async () => (await store.findAgent("ada"))?.doubt !== undefined;
    await Promise.all([doubt(), beat()]);
    expect(await isDoubted()).toBe(false);
    await Promise.all([beat(), doubt()]);
    expect(await isDoubted()).toBe(true);
    await Promise.all([beat(), doubt()]);
    expect(await isDoubted()).toBe(true);
    await Promise.all([doubt(), beat()]);
    expect(await isDoubted()).toBe(false);
    await Promise.all([store.doubtSession("all", 45_000, "broker_started"), beat()]);
    expect(await isDoubted()).toBe(false);
    end();
  });

  test("a sweep asks the database for nothing while nothing is due and nothing was written; what is due is found in time", async () => {
    using folder = tempDir();
    const { clock, store, ada, open, ran, end } = await begin(folder.path);
    const policy = { ...ConfigSchema.parse({ home: folder.path }), messageTtlMs: DEFAULT_TTL_MS };
    const sessions = { over: () => {}, endGone: async () => {} };
    const sweepNow = async () => {
      await sweep({ store, policy, clock, sessions }, false);
      return ran().filter((sql) => !/^(SAVEPOINT|RELEASE)/.test(sql));
    };
    await open();
    const send = (body: string, more = {}) => {
      const [id, deliveryId] = [newId("msg"), newId("dlv")];
      const parties = { senderId: ada, recipientId: ada, inReplyTo: undefined, answers: undefined };
      const content = { body, bodyBytes: body.length, ttlMs: 50_000, idempotency: undefined };
      return store.enqueue({ id, deliveryId, threadId: `thr_${id.slice(4)}`, ...parties, ...content, ...more }, QUOTA);
    };
    const heard: string[] = [];
    store.listen({ ready: (id) => heard.push(id), advanced: () => {} });
    await send("leased");
    const terms = { agentId: ada, max: 1, maxBytes: 1_000, leaseMs: 10_000, session: undefined };
    await store.lease(terms);
    await send("delayed");
    const [delayed] = (await store.lease(terms)).leased;
    if (!delayed) throw new Error("no lease");
    const { id, receipt } = delayed.delivery;
    const retry = { ...RETRY, delayMs: () => 20_000 };
    await store.nack(ada, id, receipt, { delayMs: 20_000, reason: undefined, retry });
    await store.setFocus(ada, { forMs: 30_000, allows: "interrupt", reason: undefined });
    await send("expires", { ttlMs: 40_000 });
    await send("asked", { answerWithinMs: 45_000 });
    // The first tells that ada is online.
    for (let sweeps = 0; sweeps < 2; sweeps++) await sweepNow();
    const states = async () => {
      const { entries } = await store.listInbox({ agentId: ada, which: "all", afterSeq: 0, limit: 100 });
      return entries.map(({ state }) => state).join(" ");
    };
    const turn = () => new Promise(setImmediate);
    await turn();
    for (const [ms, what] of [
      [9_999, "nothing"],
      [1, "the lease"],
      [9_999, "nothing"],
      [1, "the delay"],
      [9_999, "nothing"],
      [1, "the focus"],
      [9_999, "nothing"],
      [1, "the life of a message"],
      [4_999, "nothing"],
      [1, "the answer"],
    ] as const) {
      const before = `${await states()} ${heard.length}`;
      clock.advance(ms);
      ran();
      const asked = await sweepNow();
      await turn();
      expect(asked.length > 0, `${asked} at ${what}`).toBe(what !== "nothing");
      expect(`${await states()} ${heard.length}` !== before, what).toBe(what !== "nothing");
      // What came of it is looked at once.
      await sweepNow();
      expect(await sweepNow(), `after ${what}`).toEqual([]);
    }
    end();
  });

  test("a clock that was set back brings back what was due by it, and a delay is announced anew", async () => {
    using folder = tempDir();
    const { clock, store, ada, end } = await begin(folder.path);
    const heard: string[] = [];
    store.listen({ ready: (id) => heard.push(id), advanced: () => {} });
    await store.setFocus(ada, { forMs: 30_000, allows: "interrupt", reason: undefined });
    const told = async () => {
      heard.splice(0);
      await store.announceDue();
      return heard.length;
    };
    await new Promise(setImmediate);
    expect(await told()).toBe(0);
    clock.advance(30_000);
    expect([await told(), await told()]).toEqual([1, 0]);
    clock.advance(-10_000);
    expect(await told()).toBe(0);
    clock.advance(10_000);
    expect([await told(), await told()]).toEqual([1, 0]);
    end();
  });
});
