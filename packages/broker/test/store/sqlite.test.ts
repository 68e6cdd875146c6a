/** The SQLite engine: conformance on a real file, query plans, durability settings, damage. */
import { cpSync, existsSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TempDir, tempDir } from "testkit";
import { describe, expect, test } from "vitest";
import { LEASABLE } from "../../src/store/sqlite/deliveries.ts";
import { DatabaseDamagedError, openDatabase } from "../../src/store/sqlite/open.ts";
import { type OpenDatabase, sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { storeConformance } from "./conformance.ts";
import { fakeClock } from "./fake-clock.ts";

type Notice = { event: string; fields: Record<string, unknown> };

function open(folder: string, startEmpty = false, notices: Notice[] = []): OpenDatabase {
  return openDatabase({
    folder,
    synchronous: "full",
    startEmpty,
    notice: (_level, event, fields) => notices.push({ event, fields }),
  });
}

storeConformance("SQLite", () => {
  const folder = tempDir();
  const crashed: OpenDatabase[] = [];
  const start = (clock: ReturnType<typeof fakeClock>) => {
    const database = open(folder.path);
    crashed.push(database);
    return Promise.resolve(sqliteStore(database, clock));
  };
  return {
    open: start,
    reopen: start,
    dispose: async () => {
      for (const { db } of crashed) if (db.open) db.close();
      folder[Symbol.dispose]();
    },
  };
});

describe("the SQLite engine", () => {
  test("commits are synced to disk: synchronous reads FULL after WAL is on, on a new file and on a known one", () => {
    using folder = tempDir();
    for (let round = 0; round < 2; round++) {
      const { db } = open(folder.path);
      expect(db.pragma("synchronous", { simple: true })).toBe(2);
      expect(db.pragma("journal_mode", { simple: true })).toBe("wal");
      db.close();
    }
  });

  test("hot statements use their partial index: no scan, no sort", () => {
    using folder = tempDir();
    const { db } = open(folder.path);
    const plan = (sql: string, ...values: unknown[]) =>
      db
        .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...values)
        .map(({ detail }) => detail)
        .join("; ");
    const lease = plan(LEASABLE, { agent: 1, now: 1, session: "s", maxPushes: 2, leastUrgency: 1, max: 1 });
    expect(lease).toContain("USING INDEX delivery_queued (agent_pk=?)");
    const overdue = plan(
      "SELECT pk FROM delivery WHERE state = 'leased' AND lease_ends_at <= ? ORDER BY lease_ends_at LIMIT ?",
      1,
      1,
    );
    expect(overdue).toContain("delivery_leased");
    const expiring = plan(
      "SELECT pk, attempt FROM delivery WHERE state IN ('queued', 'held') AND expires_at <= ? ORDER BY expires_at LIMIT ?",
      1,
      1,
    );
    expect(expiring).toContain("delivery_expiring");
    for (const each of [lease, overdue, expiring]) expect(each).not.toMatch(/SCAN|TEMP B-TREE/);
    db.close();
  });

  test("the database, its log and its mark are for their owner alone", () => {
    using folder = tempDir();
    const { db } = open(folder.path);
    for (const name of readdirSync(folder.path)) {
      expect([name, (statSync(join(folder.path, name)).mode & 0o777).toString(8)]).toEqual([name, "600"]);
    }
    db.close();
  });

  const damages: [string, (folder: TempDir) => void][] = [
    ["missing", ({ path }) => rmSync(join(path, "mesh.db"))],
    ["empty", ({ path }) => truncateSync(join(path, "mesh.db"), 0)],
    ["cut in half", ({ path }) => truncateSync(join(path, "mesh.db"), statSync(join(path, "mesh.db")).size / 2)],
    ["overwritten", ({ path }) => writeFileSync(join(path, "mesh.db"), Buffer.alloc(20_000, 7))],
  ];
  test.each(damages)(
    "a database that is %s is refused and left as it is; --start-empty moves it aside",
    async (_, damage) => {
      using folder = tempDir();
      const store = sqliteStore(open(folder.path), fakeClock());
      await store.registerAgent({ id: "agt_1", tokenHash: "h", name: "a", ifTaken: "refuse", profile: {} });
      await store.close();
      damage(folder);
      const before = existsSync(join(folder.path, "mesh.db")) ? statSync(join(folder.path, "mesh.db")).size : undefined;
      expect(() => open(folder.path)).toThrow(DatabaseDamagedError);
      expect(() => open(folder.path)).toThrow("--start-empty");
      const after = existsSync(join(folder.path, "mesh.db")) ? statSync(join(folder.path, "mesh.db")).size : undefined;
      expect(after).toBe(before);
      const notices: Notice[] = [];
      const { db } = open(folder.path, true, notices);
      expect(notices.map(({ event }) => event)).toEqual(["store.quarantined", "store.created"]);
      expect(readdirSync(folder.path).some((name) => name.startsWith("corrupt-"))).toBe(true);
      db.close();
    },
  );

  test("a lost write-ahead log is noticed: the newest events are reported missing and old cursors are refused", async () => {
    using folder = tempDir();
    using copy = tempDir();
    const clock = fakeClock();
    const first = open(folder.path);
    const store = sqliteStore(first, clock);
    const register = (name: string) =>
      store.registerAgent({ id: `agt_${name}`, tokenHash: name, name, ifTaken: "refuse", profile: {} });
    await register("alice");
    await register("bob");
    first.db.pragma("wal_checkpoint(TRUNCATE)");
    await store.enqueue(
      {
        id: "msg_1",
        threadId: "thr_1",
        senderId: "agt_alice",
        recipientId: "agt_bob",
        deliveryId: "dlv_1",
        body: "x",
        bodyBytes: 1,
        inReplyTo: undefined,
        ttlMs: 60_000,
        idempotency: undefined,
        answers: undefined,
      },
      { maxMessages: 10, maxBytes: 100 },
    );
    const { cursor } = await store.log({ after: undefined, limit: 1, viewer: undefined });
    first.watermark.write(1, false);
    cpSync(join(folder.path, "mesh.db"), join(copy.path, "mesh.db"));
    cpSync(join(folder.path, "mesh.mark.json"), join(copy.path, "mesh.mark.json"));
    await store.close();

    const notices: Notice[] = [];
    const again = sqliteStore(open(copy.path, false, notices), clock);
    expect(notices).toMatchObject([{ event: "store.tail_lost", fields: { events: 1 } }]);
    await expect(again.log({ after: cursor, limit: 1, viewer: undefined })).rejects.toMatchObject({
      code: "cursor_invalid",
    });
    await again.close();
  });

  test("a newer database is refused and left alone", () => {
    using folder = tempDir();
    const { db } = open(folder.path);
    db.pragma("user_version = 99");
    db.close();
    expect(() => open(folder.path)).toThrow(/has schema 99; this broker knows schemas up to/);
  });
});
