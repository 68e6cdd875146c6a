/** A database of an older schema is copied, then migrated whole or not at all, and nothing of it is lost. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fillDisk, freeBytes, openSmallDisk, type TempDir, tempDir, whyNoSmallDisks } from "testkit";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import type { Database, Driver } from "../../src/store/sqlite/driver/database.ts";
import { BACKUPS, BackupError, listBackups } from "../../src/store/sqlite/file/backups.ts";
import { migrations, NewerDatabaseError } from "../../src/store/sqlite/file/migrate.ts";
import { type OpenOptions, openDatabase } from "../../src/store/sqlite/file/open.ts";
import { readOnly } from "../../src/store/sqlite/file/read-only.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { driver, drivers } from "./drivers.ts";
import { fakeClock } from "./fake-clock.ts";
import { EVERYTHING, makeOlderDatabase } from "./older-database.ts";

const NEWEST = migrations.length;
const OLDER = migrations.slice(1).map((_, i) => i + 1);

type Said = { readonly event: string; readonly fields: Record<string, unknown> };

function openIn(folder: string, said: Said[] = [], more: Partial<OpenOptions> = {}) {
  const notice: OpenOptions["notice"] = (_level, event, fields) => said.push({ event, fields });
  return openDatabase({ driver, folder, synchronous: "normal", startEmpty: false, notice, ...more });
}

/** Makes a database with one of everything. */
function older(folder: string, schema: number): void {
  const now = Date.now();
  makeOlderDatabase(driver, folder, schema, now, EVERYTHING(now));
}

const Row = z.record(z.string(), z.unknown());
const Column = z.object({ name: z.string(), pk: z.int() });

/** Every row of every table, by table, without what SQLite and the index of words keep for themselves. */
function rowsOf(db: Database): Map<string, Record<string, unknown>[]> {
  const tables = db
    .prepare<[], { name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'message_text%'",
    )
    .all();
  return new Map(
    tables.map(({ name }) => {
      const keys = z
        .array(Column)
        .parse(db.pragma(`table_info(${name})`))
        .filter(({ pk }) => pk > 0)
        .map((column) => column.name);
      return [name, z.array(Row).parse(db.prepare(`SELECT * FROM ${name} ORDER BY ${keys.join() || "rowid"}`).all())];
    }),
  );
}

const contentOf = (by: Driver, path: string) =>
  readOnly(by, path, (db) => ({
    schema: db.pragma("user_version", { simple: true }),
    whole: db.pragma("integrity_check", { simple: true }),
    rows: rowsOf(db),
    found: db.prepare("SELECT rowid FROM message_text WHERE message_text MATCH 'ended' ORDER BY rowid").all(),
  }));

/** What a start writes of itself. */
const OF_A_START: Readonly<Record<string, readonly string[]>> = { mesh: ["start"] };

function expectKept(before: ReturnType<typeof rowsOf>, after: ReturnType<typeof rowsOf>): void {
  for (const [table, rows] of before) {
    const now = after.get(table) ?? [];
    expect(now, table).toHaveLength(rows.length);
    const of = OF_A_START[table] ?? [];
    for (const [i, row] of rows.entries()) {
      const old = Object.fromEntries(Object.entries(row).filter(([column]) => !of.includes(column)));
      expect(now[i], `${table}, row ${i + 1}`).toMatchObject(old);
    }
  }
}

describe.each(drivers)("over $name", (by) => {
  // The steps are the same SQL: what differs between drivers shows in one.
  test.each(by === driver ? OLDER : [1])(
    "a database of schema %i is copied before it is migrated, and no row is lost",
    (schema) => {
      using folder = tempDir();
      older(folder.path, schema);
      const before = contentOf(by, join(folder.path, "mesh.db"));
      // From schema 16 on words are indexed by the broker that runs, behind the messages.
      expect([before.schema, before.whole, before.found.length]).toEqual([schema, "ok", schema < 16 ? 6 : 0]);
      const said: Said[] = [];
      const { db, migrated } = openIn(folder.path, said, { driver: by });
      db.close();
      const [copy, ...others] = listBackups(folder.path);
      if (!copy) throw new Error("no copy");
      expect(others).toEqual([]);
      expect(migrated).toEqual({ from: schema, to: NEWEST, backup: copy.path });
      expect(said.map(({ event }) => event).slice(0, 3)).toEqual([
        "store.backing_up",
        "store.backed_up",
        "store.migrated",
      ]);
      expect(contentOf(by, copy.path)).toEqual(before);
      expect(copy).toMatchObject({ schema, bytes: statSync(copy.path).size });
      expect(Math.abs(Date.parse(copy.madeAt) - Date.now())).toBeLessThan(60_000);
      if (process.platform !== "win32") {
        expect([statSync(copy.path).mode & 0o777, statSync(join(folder.path, BACKUPS)).mode & 0o777]).toEqual([
          0o600, 0o700,
        ]);
      }
      const after = contentOf(by, join(folder.path, "mesh.db"));
      expect([after.schema, after.whole, after.found]).toEqual([NEWEST, "ok", before.found]);
      expectKept(before.rows, after.rows);
      expect(readdirSync(join(folder.path, BACKUPS))).toHaveLength(1);
      openIn(folder.path, [], { driver: by }).db.close();
      expect(listBackups(folder.path), "the next start has nothing to migrate").toEqual([copy]);
    },
  );
});

test("a copy that is put back is the mesh as it was, with new numbers, and is migrated again", async () => {
  using folder = tempDir();
  older(folder.path, 2);
  const clock = fakeClock();
  const first = sqliteStore(openIn(folder.path), clock);
  await first.registerAgent({ id: "agt_late", tokenHash: "late", name: "late", ifTaken: "refuse", profile: {} });
  await first.close();
  const [copy] = listBackups(folder.path);
  writeFileSync(join(folder.path, "mesh.db"), readFileSync(copy?.path ?? ""));
  const said: Said[] = [];
  const again = sqliteStore(openIn(folder.path, said), clock);
  expect(await again.stats()).toMatchObject({ agents: { present: 2 }, deliveries: { queued: 3, dead: 1, acked: 1 } });
  await again.close();
  expect(said.map(({ event }) => event)).toContain("store.tail_lost");
  expect(listBackups(folder.path)).toHaveLength(2);
});

test("the last two copies are kept, and files of others beside them", () => {
  using folder = tempDir();
  older(folder.path, 3);
  const place = join(folder.path, BACKUPS);
  mkdirSync(place);
  const old = ["schema-1-2026-01-01T00-00-00.000Z.db", "schema-2-2026-02-01T00-00-00.000Z.db"];
  for (const name of [...old, "mine.db"]) writeFileSync(join(place, name), "x");
  openIn(folder.path).db.close();
  expect(readdirSync(place)).toEqual(expect.arrayContaining(["mine.db", old[1]]));
  expect(listBackups(folder.path).map(({ schema }) => schema)).toEqual([3, 2]);
  expect(existsSync(join(place, old[0] ?? ""))).toBe(false);
});

test("what waits in a database of one machine came from that machine; what has ended, and notices, say nothing", () => {
  using folder = tempDir();
  older(folder.path, 16);
  const before = driver.open(join(folder.path, "mesh.db"));
  before.exec(`UPDATE agent SET trust = 'unverified' WHERE pk = 4;
    UPDATE message SET sender_pk = 4 WHERE pk = 1; UPDATE message SET kind = 'bounce' WHERE pk = 2`);
  before.close();
  const { db } = openIn(folder.path);
  const came = db
    .prepare<[], { state: string; kind: string; sender: number; trust: string | null }>(
      `SELECT d.state, m.kind, m.sender_pk AS sender, d.trust FROM delivery d JOIN message m ON m.pk = d.message_pk`,
    )
    .all();
  for (const { state, kind, sender, trust } of came) {
    const waits = ["queued", "leased", "held", "dead"].includes(state) && kind === "message";
    expect(trust, state).toBe(waits ? (sender === 4 ? "unverified" : "same-machine") : null);
  }
  expect(new Set(came.map(({ trust }) => trust))).toEqual(new Set(["unverified", "same-machine", null]));
  expect(db.prepare("SELECT COUNT(*) AS n FROM agent WHERE person <> 0").get()).toEqual({ n: 0 });
  db.close();
});

test("a database that nobody would miss is migrated without a copy", () => {
  using folder = tempDir();
  makeOlderDatabase(
    driver,
    folder.path,
    1,
    0,
    "DELETE FROM timeline; DELETE FROM delivery; DELETE FROM message; DELETE FROM subscription; DELETE FROM agent",
  );
  const { db, migrated } = openIn(folder.path);
  db.close();
  expect(migrated).toEqual({ from: 1, to: NEWEST });
  expect(existsSync(join(folder.path, BACKUPS))).toBe(false);
});

test("what an ended start left of a copy is none, and is gone at the next", () => {
  using folder = tempDir();
  older(folder.path, 5);
  const place = join(folder.path, BACKUPS);
  mkdirSync(place);
  for (const end of ["", "-journal"])
    writeFileSync(join(place, `schema-5-2026-01-01T00-00-00.000Z.db.draft${end}`), "half");
  expect(listBackups(folder.path)).toEqual([]);
  openIn(folder.path).db.close();
  expect(readdirSync(place)).toHaveLength(1);
  expect(contentOf(driver, listBackups(folder.path)[0]?.path ?? "").whole).toBe("ok");
});

/** What a refused start must leave byte for byte. */
function filesOf(folder: TempDir): Record<string, string> {
  const names = readdirSync(folder.path).filter((name) => name.startsWith("mesh."));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder.path, name), "base64")]));
}

/** A database as a killed broker leaves it: its newest commits are in the log beside it. */
function withLog(folder: TempDir, schema: number): Disposable {
  older(folder.path, schema);
  const db = driver.open(join(folder.path, "mesh.db"));
  db.exec("UPDATE agent SET last_seen_at = 7 WHERE pk = 1");
  expect(statSync(join(folder.path, "mesh.db-wal")).size).toBeGreaterThan(0);
  return { [Symbol.dispose]: () => db.close() };
}

test("where no copy can be made the database is left as it is, and the sentence says what to do", () => {
  using folder = tempDir();
  using _killed = withLog(folder, 4);
  const before = filesOf(folder);
  writeFileSync(join(folder.path, BACKUPS), "a file in the place of the folder");
  expect(() => openIn(folder.path)).toThrow(BackupError);
  expect(() => openIn(folder.path)).toThrow(
    /mesh\.db is to be brought from schema 4 to \d+, .*backups.schema-4-.*could not be made: .*Nothing was changed.*AGENTMESH_NO_BACKUP=true agentmesh up/,
  );
  expect({ ...filesOf(folder), "mesh.db-shm": "" }).toEqual({ ...before, "mesh.db-shm": "" });
  const { db, migrated } = openIn(folder.path, [], { noBackup: true });
  expect(migrated).toEqual({ from: 4, to: NEWEST });
  db.close();
});

test("a migration that fails leaves the schema of before, every row, and no copy of what is still there", () => {
  using folder = tempDir();
  older(folder.path, 2);
  const path = join(folder.path, "mesh.db");
  const db = driver.open(path);
  // The last step makes a table of this name: all before it are undone, too.
  db.exec("CREATE TABLE indexed (mine)");
  db.close();
  const before = contentOf(driver, path);
  expect(() => openIn(folder.path)).toThrow(/indexed/);
  expect(contentOf(driver, path)).toEqual(before);
  expect(listBackups(folder.path)).toEqual([]);
});

test("a newer database is left as it is, and the copy from before it is named", () => {
  using folder = tempDir();
  older(folder.path, 6);
  openIn(folder.path).db.close();
  const [copy] = listBackups(folder.path);
  const db = driver.open(join(folder.path, "mesh.db"));
  db.pragma(`user_version = ${NEWEST + 1}`);
  const before = filesOf(folder);
  expect(() => openIn(folder.path)).toThrow(NewerDatabaseError);
  expect(() => openIn(folder.path)).toThrow(copy?.path ?? "no copy");
  expect({ ...filesOf(folder), "mesh.db-shm": "" }).toEqual({ ...before, "mesh.db-shm": "" });
  db.close();
});

const noDisks = whyNoSmallDisks();

describe.skipIf(noDisks !== undefined)(`on a small disk${noDisks ? ` (${noDisks})` : ""}`, () => {
  const MIB = 1_048_576;

  test.each([
    { what: "hardly any room", left: MIB + 65_536, minFreeBytes: 64 * MIB },
    { what: "room for the copy and too little for what comes after it", left: 9 * MIB, minFreeBytes: 8.95 * MIB },
  ])("with $what nothing is changed; with room, or without a copy, it goes on", ({ left, minFreeBytes }) => {
    using folder = tempDir();
    const home = join(folder.path, "mesh");
    using _disk = openSmallDisk(home, "size=16m");
    older(home, 7);
    const filler = join(home, "filler");
    fillDisk(filler, freeBytes(home) - left);
    const before = contentOf(driver, join(home, "mesh.db"));
    expect(() => openIn(home, [], { minFreeBytes })).toThrow(/has no room: it takes .* MiB, and .* MiB are free/);
    expect(contentOf(driver, join(home, "mesh.db"))).toEqual(before);
    expect(existsSync(join(home, BACKUPS))).toBe(false);
    rmSync(filler);
    openIn(home, [], { minFreeBytes: MIB }).db.close();
    expect(contentOf(driver, listBackups(home)[0]?.path ?? "")).toEqual(before);
  });

  test("an older copy gives way before there is said to be no room", () => {
    using folder = tempDir();
    const home = join(folder.path, "mesh");
    using _disk = openSmallDisk(home, "size=16m");
    older(home, 7);
    mkdirSync(join(home, BACKUPS));
    const name = (day: number) => join(home, BACKUPS, `schema-6-2026-01-0${day}T00-00-00.000Z.db`);
    for (const day of [1, 2]) fillDisk(name(day), 4 * MIB);
    fillDisk(join(home, "filler"), freeBytes(home) - MIB);
    openIn(home).db.close();
    expect(listBackups(home).map(({ schema }) => schema)).toEqual([7, 6]);
    expect(existsSync(name(1))).toBe(false);
  });
});
