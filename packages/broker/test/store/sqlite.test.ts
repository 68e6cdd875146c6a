/** The SQLite engine: conformance on a real file, query plans, durability settings, damage. */
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MAX_KEPT_EVENTS } from "@agentmesh/protocol";
import SqliteDatabase from "better-sqlite3";
import { type TempDir, tempDir, until } from "testkit";
import { describe, expect, test } from "vitest";
import { newId } from "../../src/mesh/ids.ts";
import { searchTerms } from "../../src/mesh/names/words.ts";
import type { MessageToEnqueue, Store } from "../../src/mesh/store.ts";
import { bodyHash } from "../../src/store/shared/rows/body.ts";
import { INBOX, LEASABLE } from "../../src/store/sqlite/delivery-sql.ts";
import type { Driver } from "../../src/store/sqlite/driver/database.ts";
import { OLDEST_EVENTS } from "../../src/store/sqlite/events/events.ts";
import { EVENTS } from "../../src/store/sqlite/events/page.ts";
import { LogFile } from "../../src/store/sqlite/file/log-file.ts";
import { DatabaseDamagedError } from "../../src/store/sqlite/file/look.ts";
import { migrations } from "../../src/store/sqlite/file/migrate.ts";
import { openDatabase } from "../../src/store/sqlite/file/open.ts";
import { LOOK, lookAhead } from "../../src/store/sqlite/history.ts";
import { LARGEST, OLDEST } from "../../src/store/sqlite/keeping.ts";
import { NAMES } from "../../src/store/sqlite/names/names.ts";
import { LOG, newestOf, THREAD } from "../../src/store/sqlite/pages/log.ts";
import { TOPICS } from "../../src/store/sqlite/pages/topics.ts";
import { ANSWERS, TRACE } from "../../src/store/sqlite/pages/trace.ts";
import { WRITE } from "../../src/store/sqlite/sessions.ts";
import { type OpenDatabase, sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { accessConformance } from "./access-conformance.ts";
import { acksConformance } from "./acks-conformance.ts";
import { storeConformance } from "./conformance.ts";
import { driversOfRun } from "./drivers.ts";
import { eventWebhooksConformance } from "./event-webhooks-conformance.ts";
import { eventsConformance } from "./events-conformance.ts";
import { fakeClock } from "./fake-clock.ts";
import { followedConformance } from "./followed-conformance.ts";
import { historyConformance } from "./history-conformance.ts";
import { makeOlderDatabase, OLDER_KEPT } from "./older-database.ts";
import { planOf } from "./plan-of.ts";
import { waivesConformance } from "./waives-conformance.ts";

type Notice = { event: string; fields: Record<string, unknown> };

function openBy(driver: Driver, folder: string, startEmpty = false, notices: Notice[] = []): OpenDatabase {
  return openDatabase({
    driver,
    folder,
    synchronous: "full",
    startEmpty,
    notice: (_level, event, fields) => notices.push({ event, fields }),
  });
}

async function aliceAndBob(store: Store): Promise<void> {
  for (const name of ["alice", "bob"])
    await store.registerAgent({ id: `agt_${name}`, tokenHash: name, name, ifTaken: "refuse", profile: {} });
}

/** A message of alice's: msg_1, in its own thread, for bob. */
function toBob(n: number, body: string): MessageToEnqueue {
  const ids = { id: `msg_${n}`, threadId: `thr_${n}`, deliveryId: `dlv_${n}` } as const;
  const parties = { senderId: "agt_alice", recipientId: "agt_bob", inReplyTo: undefined } as const;
  const rest = { body, bodyBytes: body.length, ttlMs: 60_000, idempotency: undefined, answers: undefined };
  return { ...ids, ...parties, ...rest };
}

function engineInFolder(driver: Driver) {
  const folder = tempDir();
  const crashed: OpenDatabase[] = [];
  const start = (clock: ReturnType<typeof fakeClock>) => {
    const database = openBy(driver, folder.path);
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
}

for (const driver of driversOfRun) {
  storeConformance(`SQLite by ${driver.name}`, () => engineInFolder(driver));
  accessConformance(`SQLite by ${driver.name}`, () => engineInFolder(driver));
  acksConformance(`SQLite by ${driver.name}`, () => engineInFolder(driver));
  eventsConformance(`SQLite by ${driver.name}`, () => engineInFolder(driver));
  eventWebhooksConformance(`SQLite by ${driver.name}`, () => engineInFolder(driver));
  followedConformance(`SQLite by ${driver.name}`, () => engineInFolder(driver));
  historyConformance(`SQLite by ${driver.name}`, () => engineInFolder(driver));
  waivesConformance(`SQLite by ${driver.name}`, () => engineInFolder(driver));
}

describe.each(driversOfRun)("the SQLite engine by $name", (driver) => {
  const open = (folder: string, startEmpty = false, notices: Notice[] = []) =>
    openBy(driver, folder, startEmpty, notices);

  test("commits are brought to disk by SQLite until it is open, and by a flush of its log from then on", () => {
    using folder = tempDir();
    for (let round = 0; round < 2; round++) {
      const levels: unknown[] = [];
      const watched: Driver = {
        ...driver,
        open: (...how) => {
          const db = driver.open(...how);
          const read = () => db.pragma("synchronous", { simple: true });
          // What is written before anybody is served: the mesh, the life, the start.
          const prepare: typeof db.prepare = (sql) => {
            if (/^(INSERT|UPDATE)/.test(sql.trim())) levels.push(read());
            return db.prepare(sql);
          };
          return new Proxy(db, {
            get: (of, key) => {
              const value = key === "prepare" ? prepare : Reflect.get(of, key);
              return typeof value === "function" ? value.bind(of) : value;
            },
          });
        },
      };
      const { db, log } = openBy(watched, folder.path);
      expect(new Set(levels)).toEqual(new Set([2]));
      expect(db.pragma("synchronous", { simple: true })).toBe(1);
      expect(db.pragma("journal_mode", { simple: true })).toBe("wal");
      expect(log).toBeInstanceOf(LogFile);
      log?.flushNow();
      log?.close();
      db.close();
    }
  });

  test("hot statements use their partial index: no scan, no sort", () => {
    using folder = tempDir();
    const { db } = open(folder.path);
    const lease = planOf(db, LEASABLE);
    expect(lease).toContain("USING INDEX delivery_queued (agent_pk=?)");
    const overdue = planOf(
      db,
      "SELECT pk FROM delivery WHERE state = 'leased' AND lease_ends_at <= ? ORDER BY lease_ends_at LIMIT ?",
    );
    expect(overdue).toContain("delivery_leased");
    const expiring = planOf(
      db,
      "SELECT pk, attempt FROM delivery WHERE state IN ('queued', 'held') AND expires_at <= ? ORDER BY expires_at LIMIT ?",
    );
    expect(expiring).toContain("delivery_expiring");
    const write = planOf(db, WRITE).replace("SCAN json_each VIRTUAL TABLE", "for each");
    expect(write).toContain("SEARCH session USING PRIMARY KEY (id=?)");
    for (const each of [lease, overdue, expiring, write]) expect(each).not.toMatch(/SCAN|TEMP B-TREE/);
    db.close();
  });

  test("topics, subscriptions and who means a topic are read along an index: no scan, no sort", () => {
    using folder = tempDir();
    const { db } = open(folder.path);
    for (const sql of Object.values(TOPICS)) {
      const plan = planOf(db, sql);
      expect(plan.replace("SCAN p VIRTUAL TABLE", "for each")).not.toMatch(/SCAN|TEMP B-TREE FOR ORDER/);
      expect(plan).toMatch(/SEARCH (t|s|topic|subscription) USING/);
    }
    db.close();
  });

  test("names are looked for along an index, whoever is there", () => {
    using folder = tempDir();
    const { db } = open(folder.path);
    for (const [way, sql] of Object.entries(NAMES)) {
      const plan = planOf(db, sql);
      expect(plan).toContain(way === "word" ? "PRIMARY KEY (word>? AND word<?)" : "agent_by_name (name");
      expect(plan.replace("SCAN j VIRTUAL TABLE", "for each")).not.toMatch(/SCAN|TEMP B-TREE FOR ORDER/);
    }
    db.close();
  });

  test("the deliveries of a message and what happened to them are read along an index: no scan, no sort", () => {
    using folder = tempDir();
    const { db } = open(folder.path);
    for (const sql of Object.values(TRACE)) {
      const plan = planOf(db, sql);
      expect(plan).toMatch(/delivery_by_message \(message_pk=\? AND rowid>|delivery_by_agent|timeline_by_delivery/);
      expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
    }
    db.close();
  });

  test("answers are looked for in the part of a thread that follows their question: no scan, no sort", () => {
    using folder = tempDir();
    const { db } = open(folder.path);
    const plan = planOf(db, ANSWERS);
    expect(plan).toMatch(/message_by_thread \(thread_id=\? AND rowid>\?\)/);
    expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
    db.close();
  });

  test("who keeps most, and what may go, are looked for along an index", () => {
    using folder = tempDir();
    const { db } = open(folder.path);
    expect(planOf(db, LARGEST)).toContain("SCAN k USING INDEX keeping_largest");
    expect(planOf(db, LARGEST)).not.toMatch(/SCAN a|TEMP B-TREE/);
    for (const steps of [planOf(db, OLDEST.all), planOf(db, OLDEST.sender)]) {
      expect(steps).not.toMatch(/SCAN|TEMP B-TREE/);
    }
    expect(planOf(db, OLDEST.sender)).toContain("message_by_sender (sender_pk=? AND rowid>?)");
    db.close();
  });

  test("events are read along an index, whoever looks, and the oldest go along one: no scan, no sort", () => {
    using folder = tempDir();
    const { db } = open(folder.path);
    for (const sql of [EVENTS.all, EVENTS.viewer, OLDEST_EVENTS]) {
      const plan = planOf(db, sql);
      expect(plan.replace("SCAN event", "from the first")).not.toMatch(/SCAN|TEMP B-TREE/);
    }
    expect(planOf(db, EVENTS.viewer)).toContain("event_by_agent (agent_pk=? AND rowid>?)");
    db.close();
  });

  test("of more events than are kept the oldest are pruned, and a cursor behind one of them is gone", async () => {
    using folder = tempDir();
    const database = open(folder.path);
    const { db } = database;
    const store = sqliteStore(database, fakeClock());
    const id = newId("agt");
    await store.registerAgent({ id, tokenHash: "ada", name: "ada", ifTaken: "refuse", profile: {} });
    const { cursor } = await store.events({ after: undefined, limit: 1, viewer: undefined });
    await store.setSummary(id, "tests");
    const { cursor: last } = await store.events({ after: undefined, limit: 1, viewer: undefined });
    db.prepare<[number, number]>(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO event (behind_pk, at, agent_pk, name, type, facts) SELECT 0, ?, 1, 'ada', 'policy.set', '{}' FROM n`,
    ).run(MAX_KEPT_EVENTS + 600, fakeClock().now());
    expect((await store.events({ after: cursor, limit: 1, viewer: undefined })).events).toHaveLength(1);
    await store.prune(60_000, 100);
    const kept = db.prepare<[], { n: number }>("SELECT COUNT(*) AS n FROM event").get()?.n;
    expect(kept).toBe(MAX_KEPT_EVENTS);
    for (const after of [cursor, last]) {
      const gone = store.events({ after, limit: 1, viewer: undefined });
      await expect(gone).rejects.toMatchObject({ code: "cursor_gone" });
    }
    await store.close();
  });

  test("history and log are read along an index, whoever looks and for what: no scan, no sort", () => {
    using folder = tempDir();
    const { db } = open(folder.path);
    const ways: Record<string, string[]> = {
      thread: ["m USING INDEX message_by_thread (thread_id=? AND rowid<?)"],
      topic: ["m USING INDEX message_by_topic (topic=? AND pk<?)"],
      party: [
        "m USING INDEX message_by_sender (sender_pk=? AND rowid<?)",
        "r USING COVERING INDEX delivery_by_agent (agent_pk=? AND message_pk<?)",
      ],
      all: ["SEARCH m USING INTEGER PRIMARY KEY (rowid<?)"],
      // A scan by its name only: the index of words goes through what matches, in the order of messages (64, 192).
      match: [],
    };
    for (const [way, sql] of Object.entries(LOOK)) {
      const back = planOf(db, sql).replace("SCAN w VIRTUAL TABLE INDEX 192:M1<", "matches");
      const ahead = planOf(db, lookAhead(sql)).replace("SCAN w VIRTUAL TABLE INDEX 64:M1>", "matches");
      for (const steps of [back, ahead]) expect(steps).not.toMatch(/SCAN|TEMP B-TREE/);
      for (const step of ways[way] ?? ["none"]) {
        expect(back).toContain(step);
        expect(ahead).toContain(step.replace("<", ">"));
      }
    }
    for (const newest of [false, true]) {
      const log = (sql: string) => planOf(db, newest ? newestOf(sql) : sql);
      const viewer = log(LOG.viewer);
      expect(viewer).toContain(`USING COVERING INDEX timeline_by_agent (agent_pk=? AND rowid${newest ? "<" : ">"}?)`);
      expect(viewer).toContain(`USING INDEX timeline_by_sender (sender_pk=? AND rowid${newest ? "<" : ">"}?)`);
      for (const each of [viewer, log(LOG.all)]) expect(each).not.toMatch(/SCAN|TEMP B-TREE/);
    }
    const thread = planOf(db, THREAD.deliveries);
    expect(thread).toMatch(/USING (COVERING )?INDEX message_by_thread/);
    const places = planOf(db, THREAD.places);
    expect(places).toMatch(/USING (COVERING )?INDEX timeline_by_delivery/);
    for (const each of [thread, places.replace("SCAN j VIRTUAL TABLE", "for each")]) {
      expect(each).not.toMatch(/SCAN|TEMP B-TREE FOR ORDER/);
    }
    for (const [which, index] of [
      ["open", "delivery_open"],
      ["held", "delivery_held"],
      ["all", "sqlite_autoindex_delivery_2"],
    ] as const) {
      for (const order of ["oldest", "newest"] as const) {
        const page = planOf(db, INBOX[which][order]);
        expect(page).toContain(`USING INDEX ${index} (agent_pk=? AND seq>? AND seq<?)`);
        expect(page).not.toMatch(/SCAN|TEMP B-TREE/);
      }
    }
    db.close();
  });

  /** A look for a word, whatever it finds. */
  const lookFor = (store: Store, word: string) =>
    store.listMessages({
      ...{ party: undefined, other: undefined, thread: undefined, topic: undefined, viewer: undefined },
      ...{ terms: searchTerms(word), ahead: false, from: undefined, limit: 5, maxBytes: 1_000, lookAt: 10 },
    });

  test("the index of words holds the words of the messages there are, whatever statement touched them, and when", async () => {
    using folder = tempDir();
    const database = open(folder.path);
    const { db } = database;
    const store = sqliteStore(database, fakeClock());
    db.exec(
      `INSERT INTO agent (pk, id, name, token_hash, profile, registered_at) VALUES (1, 'agt_1', 'a', 'h', '{}', 0)`,
    );
    const insert = db.prepare<[string, string]>(
      `INSERT INTO message (id, sender_pk, thread_id, body, body_bytes, body_hash, accepted_at, expires_at)
       VALUES (?, 1, 't', ?, 0, '', 0, 0)`,
    );
    // Of some messages the words are indexed when they are changed or deleted, of others not yet.
    for (const from of [0, 150]) {
      for (let i = from; i < from + 150; i++) insert.run(`msg_${i}`, `word${i} common ${"filler ".repeat(i)}`);
      if (from === 0) await lookFor(store, "common");
    }
    db.exec("DELETE FROM message WHERE pk % 3 = 0");
    db.exec("UPDATE message SET body = 'changed word' || pk WHERE pk % 50 = 1");
    db.exec("SAVEPOINT a");
    insert.run("msg_undone", "undone");
    db.exec("ROLLBACK TO a; RELEASE a");
    expect(db.prepare("SELECT until_pk FROM indexed").get()).toEqual({ until_pk: 150 });
    await lookFor(store, "common");
    db.exec("INSERT INTO message_text (message_text) VALUES ('integrity-check')");
    db.exec("CREATE VIRTUAL TABLE temp.word USING fts5vocab (main, message_text, instance)");
    const indexed = db
      .prepare<[], { doc: number; words: string }>(
        "SELECT doc, group_concat(term, ' ') AS words FROM (SELECT * FROM word ORDER BY doc, offset) GROUP BY doc ORDER BY doc",
      )
      .all();
    const messages = db.prepare<[], { pk: number; body: string }>("SELECT pk, body FROM message ORDER BY pk").all();
    expect(indexed).toEqual(messages.map(({ pk, body }) => ({ doc: pk, words: body.trim() })));
    await store.close();
  });

  test("a damaged index of words is made anew at the start, and the mesh is served with all its messages", async () => {
    using folder = tempDir();
    const clock = fakeClock();
    const { db } = open(folder.path);
    db.exec(
      `INSERT INTO agent (pk, id, name, token_hash, profile, registered_at) VALUES (1, 'agt_1', 'a', 'h', '{}', 0)`,
    );
    const text = "the parser is red";
    db.prepare(`INSERT INTO message (id, sender_pk, thread_id, body, body_bytes, body_hash, accepted_at, expires_at)
      VALUES ('msg_1', 1, 'thr_1', ?, 17, ?, 0, 0)`).run(text, bodyHash(text));
    db.close();
    const spoiler = new SqliteDatabase(join(folder.path, "mesh.db"));
    spoiler.unsafeMode().exec("DELETE FROM message_text_data WHERE id = 10");
    spoiler.close();
    const notices: Notice[] = [];
    const store = sqliteStore(open(folder.path, false, notices), clock);
    // Its log is gone without a clean stop: whoever took it away may have brought another database.
    expect(notices.map(({ event }) => event)).toEqual(["store.search_rebuilt", "store.new_life"]);
    const found = await lookFor(store, "parser");
    expect(found.entries.map(({ message }) => message.body)).toEqual(["the parser is red"]);
    await store.close();
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
    [
      "scrambled inside",
      ({ path }) => {
        const bytes = readFileSync(join(path, "mesh.db"));
        writeFileSync(join(path, "mesh.db"), bytes.fill(0xa5, bytes.length >> 1, (bytes.length >> 1) + 4_096));
      },
    ],
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
      const files = () => readdirSync(folder.path).map((name) => [name, readFileSync(join(folder.path, name), "hex")]);
      const before = files();
      expect(() => open(folder.path)).toThrow(DatabaseDamagedError);
      expect(() => open(folder.path)).toThrow("--start-empty");
      expect(files()).toEqual(before);
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

  test("a lease passes over a damaged body and what is behind it comes; what is leased already stays with its holder", async () => {
    using folder = tempDir();
    const clock = fakeClock();
    const notices: Notice[] = [];
    const database = open(folder.path, false, notices);
    const store = sqliteStore(database, clock);
    await aliceAndBob(store);
    const quota = { maxMessages: 10, maxBytes: 1_000 };
    for (const n of [1, 2, 3, 4]) await store.enqueue(toBob(n, "text"), quota);
    const terms = { agentId: "agt_bob", maxBytes: 1_000, leaseMs: 10_000, session: undefined } as const;
    await store.lease({ ...terms, max: 1 });
    database.db.exec("UPDATE message SET body = 'tekt' WHERE id IN ('msg_1', 'msg_2')");
    const { leased } = await store.lease({ ...terms, max: 3 });
    expect(leased.map(({ delivery }) => delivery.id)).toEqual(["dlv_3", "dlv_4"]);
    expect(await store.endDamaged(10)).toBe(1);
    const states = async () =>
      (await store.listInbox({ agentId: "agt_bob", which: "all", afterSeq: 0, limit: 9 })).entries;
    expect((await states()).map(({ state }) => state)).toEqual(["leased", "dead", "leased", "leased"]);
    expect(await store.checkBodies(3)).toBe(false);
    // A slice takes as many as it has the time for.
    await until(() => store.checkBodies(3), "every body to be looked at");
    expect(await store.endDamaged(10)).toBe(2);
    expect((await states()).map(({ state }) => state)).toEqual(["leased", "dead", "leased", "leased"]);
    clock.advance(10_000);
    await store.expireLeases(10, { maxAttempts: 9, delayMs: () => 0 });
    expect((await store.lease({ ...terms, max: 3 })).leased.map(({ delivery }) => delivery.id)).toEqual([
      "dlv_3",
      "dlv_4",
    ]);
    expect(await store.endDamaged(10)).toBe(1);
    expect((await states()).map(({ state }) => state)).toEqual(["dead", "dead", "leased", "leased"]);
    const told = notices.filter(({ event }) => event === "message.damaged").map(({ fields }) => fields.messageId);
    expect(told).toEqual(["msg_2", "msg_1"]);
    await store.close();
  });

  test("what pruning frees goes back to the disk, a part at a time, up to what the next messages need", async () => {
    using folder = tempDir();
    const clock = fakeClock();
    const database = open(folder.path);
    const store = sqliteStore(database, clock);
    await aliceAndBob(store);
    const body = "x".repeat(60_000);
    const quota = { maxMessages: 1_000, maxBytes: 1e9 };
    const sends = Array.from({ length: 250 }, (_, n) => store.enqueue(toBob(n, body), quota));
    await Promise.all(sends);
    const { bytes: most } = await store.stats();
    clock.advance(60_000);
    await store.expireMessages(1_000);
    let before = Number.POSITIVE_INFINITY;
    for (let bytes = most; bytes < before; bytes = (await store.stats()).bytes) {
      before = bytes;
      await store.prune(0, 1_000);
    }
    expect(most).toBeGreaterThan(15_000_000);
    // 2,560 free pages and one part are kept; beside them half a megabyte of what is stored, by what was indexed when.
    const mostKept = (2_560 + 64) * 4_096 + 500_000;
    expect(before).toBeLessThan(mostKept);
    expect(before, "some is kept for what comes next").toBeGreaterThan(8_000_000);
    await store.close();
    expect(statSync(join(folder.path, "mesh.db")).size).toBeLessThan(mostKept);
  });

  test.each(migrations.slice(1).map((_, i) => i + 1))(
    "a database of schema %i is brought up to date with the mail in it",
    async (schema) => {
      using folder = tempDir();
      const clock = fakeClock();
      makeOlderDatabase(driver, folder.path, schema, clock.now());
      const notices: Notice[] = [];
      const store = sqliteStore(open(folder.path, false, notices), clock);
      const migrated = notices.filter(({ event }) => event === "store.migrated");
      expect(migrated).toMatchObject([{ fields: { from: schema, to: migrations.length } }]);
      expect(await store.stats()).toMatchObject({
        agents: { present: 2, archived: 0 },
        deliveries: { queued: 2, leased: 0, dead: 1 },
      });
      expect((await store.namesAround("bob", 1)).sort()).toEqual(["alice", "bob"]);
      expect(await store.kept()).toMatchObject(OLDER_KEPT);
      const terms = { agentId: "agt_bob", max: 9, maxBytes: 1_000, leaseMs: 1_000, session: undefined } as const;
      const { leased } = await store.lease(terms);
      expect(leased.map(({ delivery }) => delivery.message.body)).toEqual(["still here", "and published"]);
      const dead = await store.listDead({ owner: undefined, limit: 9, maxBytes: 1_000 });
      expect(dead.entries.map(({ message }) => message.body)).toEqual(["never read"]);
      const late = await store.registerAgent({
        id: "agt_late",
        tokenHash: "late",
        name: "late",
        ifTaken: "refuse",
        profile: {},
      });
      expect(await store.subscribe(late.agent.id, "build.>", 9, { maxMessages: 9, maxBytes: 1_000 })).toMatchObject({
        retained: 1,
      });
      await store.close();
    },
  );

  test("a newer database is refused and left alone", () => {
    using folder = tempDir();
    const { db } = open(folder.path);
    db.pragma("user_version = 99");
    db.close();
    expect(() => open(folder.path)).toThrow(/has schema 99; this broker knows schemas up to/);
  });
});
