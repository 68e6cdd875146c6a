/** Acts whose transaction a full disk takes away, and that run again when there is room: what the lost run did is nothing. */
import { tempDir } from "testkit";
import { describe, expect, test } from "vitest";
import { newId } from "../../src/mesh/ids.ts";
import { SLICES } from "../../src/store/sqlite/commits/slices.ts";
import type { Driver } from "../../src/store/sqlite/driver/database.ts";
import { openDatabase } from "../../src/store/sqlite/file/open.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { drivers } from "./drivers.ts";
import { fakeClock } from "./fake-clock.ts";

const RETRY = { maxAttempts: 3, delayMs: () => 0 };
const QUOTA = { maxMessages: 10, maxBytes: 1e9 };
const OFFLINE_AFTER_MS = 120_000;
/** All that waits is in one transaction, whatever the machine takes for it. */
const SIZES = { ...SLICES, batchMs: 60_000 };

describe.each(drivers)("what runs twice by $name", (driver: Driver) => {
  /** A store of alice with a session, and a disk that is full from `fill` on; `meanwhile` happens before there is room again. */
  async function begin(folder: string, meanwhile: () => void, hasRoom = true) {
    const clock = fakeClock();
    const database = openDatabase({ driver, folder, synchronous: "normal", startEmpty: false, notice: () => {} });
    const { db } = database;
    let lost = 0;
    const makeRoom = () => {
      lost++;
      db.pragma("max_page_count = 1000000");
      meanwhile();
      return hasRoom;
    };
    const store = sqliteStore(database, clock, { makeRoom, unsynced: () => {} }, SIZES);
    const profile = { id: newId("agt"), tokenHash: "alice", name: "alice", ifTaken: "refuse", profile: {} } as const;
    const alice = (await store.registerAgent(profile)).agent.id;
    const session = newId("ses");
    await store.openSession({ id: session, agentId: alice, profile: {}, pushPaths: [] });
    /** Sends what the disk does not take, in the transaction of what waits already. */
    const fill = () => {
      db.pragma(`max_page_count = ${db.pragma("page_count", { simple: true })}`);
      const [id, deliveryId] = [newId("msg"), newId("dlv")];
      const parties = { senderId: alice, recipientId: alice, inReplyTo: undefined };
      const content = { body: "x".repeat(200_000), bodyBytes: 200_000, ttlMs: 60_000 };
      const rest = { idempotency: undefined, answers: undefined, threadId: `thr_${id.slice(4)}` } as const;
      return store.enqueue({ id, deliveryId, ...parties, ...content, ...rest }, QUOTA).catch((error: Error) => error);
    };
    return { clock, db, store, alice, session, fill, lost: () => lost };
  }

  test("a session that was heard of before its end was on disk is not named as ended", async () => {
    using folder = tempDir();
    const mesh = await begin(folder.path, () => mesh.clock.advance(-OFFLINE_AFTER_MS));
    mesh.clock.advance(OFFLINE_AFTER_MS);
    const ended = mesh.store.expireSessions(OFFLINE_AFTER_MS, RETRY);
    await mesh.fill();
    expect([await ended, mesh.lost()]).toEqual([[], 1]);
    expect(await mesh.store.hasSession(mesh.session)).toBe(true);
    mesh.clock.advance(OFFLINE_AFTER_MS);
    expect(await mesh.store.expireSessions(OFFLINE_AFTER_MS, RETRY)).toEqual([mesh.session]);
    expect(await mesh.store.hasSession(mesh.session)).toBe(false);
    await mesh.store.close();
  });

  test("an end of a session that runs again ends it once; the next one is told that there is none", async () => {
    using folder = tempDir();
    const mesh = await begin(folder.path, () => {});
    const [ended, again] = [0, 1].map(() => mesh.store.endSession(mesh.session, mesh.alice, "left", RETRY));
    await mesh.fill();
    expect([await ended, await again, mesh.lost()]).toEqual([0, undefined, 1]);
    await mesh.store.close();
  });

  test("what a session was heard and doubted for is what the disk has: what is lost is lost in memory, too", async () => {
    using folder = tempDir();
    const mesh = await begin(folder.path, () => {}, false);
    const shown = async () => {
      const { heartbeatAgeMs, doubt, pushPaths } = (await mesh.store.findAgent("alice")) ?? {};
      return { heartbeatAgeMs, doubt, pushPaths };
    };
    mesh.clock.advance(10_000);
    const before = await shown();
    const opened = newId("ses");
    const asked = [
      mesh.store.doubtSession({ id: mesh.session, agentId: mesh.alice }, 45_000, "stream_closed"),
      mesh.store.openSession({ id: opened, agentId: mesh.alice, profile: {}, pushPaths: [{ path: "stream" }] }),
      mesh.store.endSession(mesh.session, mesh.alice, "left", RETRY),
    ].map((each) => Promise.resolve<unknown>(each).catch(({ code }: { code: string }) => code));
    await mesh.fill();
    expect(await Promise.all(asked)).toEqual(["storage_full", "storage_full", "storage_full"]);
    expect(await shown()).toEqual(before);
    expect([await mesh.store.hasSession(mesh.session), await mesh.store.hasSession(opened)]).toEqual([true, false]);
    await mesh.store.close();
  });

  test.each([
    ["once when there is room again", true, 3_600_000],
    ["not when there is none", false, 0],
  ] as const)("a step of the clock that a full disk takes away is followed %s", async (_, hasRoom, by) => {
    using folder = tempDir();
    const mesh = await begin(folder.path, () => {}, hasRoom);
    const before = mesh.clock.now();
    const followed = mesh.store
      .shiftTimes(3_600_000, (ms) => mesh.clock.advance(ms))
      .catch(({ code }: { code: string }) => code);
    await mesh.fill();
    expect([await followed, mesh.lost()]).toEqual([hasRoom ? undefined : "storage_full", 1]);
    expect(mesh.clock.now() - before).toBe(by);
    expect((await mesh.store.findAgent("alice"))?.heartbeatAgeMs).toBe(0);
    await mesh.store.close();
  });
});
