/** The drivers side by side: one file, one behaviour, one name for each failure. */
import { execFile } from "node:child_process";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import SqliteDatabase from "better-sqlite3";
import { tempDir } from "testkit";
import { describe, expect, test } from "vitest";
import { DELIVERY } from "../../src/store/shared/columns.ts";
import type { Database, Driver } from "../../src/store/sqlite/driver/database.ts";
import { LoadMark } from "../../src/store/sqlite/driver/load-mark.ts";
import { steadyPlan } from "../../src/store/sqlite/driver/steady-plan.ts";
import { openDatabase } from "../../src/store/sqlite/file/open.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { drivers } from "./drivers.ts";
import { fakeClock } from "./fake-clock.ts";

function open(driver: Driver, folder: string) {
  return openDatabase({ driver, folder, synchronous: "full", startEmpty: false, notice: () => {} });
}

/** The code that SQLite gives the failure of an act, as the engine reads it. */
function codeOf(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : String(error);
  }
}

/** Pragmas that only look at something else than a setting, or do something. */
const NO_SETTING = /check|optimize|_list|_x?info|vacuum$|shrink|checkpoint$|data_version|page_count|default_cache_size/;

describe("both drivers", () => {
  test("open the database with the same settings, whatever their libraries are built with", () => {
    const settings = drivers.map((driver) => {
      using folder = tempDir();
      const { db } = open(driver, folder.path);
      const names = db.prepare<[], { name: string }>("SELECT name FROM pragma_pragma_list ORDER BY name").all();
      const found = names
        .filter(({ name }) => !NO_SETTING.test(name))
        .map(({ name }) => [name, db.pragma(name, { simple: true })]);
      db.close();
      return found;
    });
    expect(settings[0]?.length).toBeGreaterThan(30);
    expect(settings[1]).toEqual(settings[0]);
  });

  test("read what the other has written, to and fro", async () => {
    using folder = tempDir();
    const clock = fakeClock();
    for (const [turn, driver] of [...drivers, ...drivers].entries()) {
      const store = sqliteStore(open(driver, folder.path), clock);
      await store.registerAgent({
        id: `agt_${turn}`,
        tokenHash: `hash ${turn}`,
        name: `ünï-${turn}`,
        ifTaken: "refuse",
        profile: {},
      });
      expect((await store.agentsByName(false, undefined, 1_000)).map(({ name }) => name).sort()).toEqual(
        Array.from({ length: turn + 1 }, (_, each) => `ünï-${each}`),
      );
      await store.close();
    }
  });

  test.each(drivers)("$name does not prepare a statement anew each time that it is run", (driver) => {
    using folder = tempDir();
    const { db } = open(driver, folder.path);
    // Joined by its keys, over tables with partial indexes: the planner looks at what is bound.
    const join = db.prepare(`${DELIVERY} WHERE d.pk = ?`);
    const plain = db.prepare("SELECT d.* FROM delivery d WHERE d.pk = ?");
    const fastest = ({ get }: { get: (pk: number) => unknown }, statement: object) =>
      Math.min(
        ...Array.from({ length: 20 }, (_, round) => {
          const begun = performance.now();
          for (let pk = 0; pk < 200; pk++) get.call(statement, round * pk);
          return performance.now() - begun;
        }),
      );
    // 20 times as long, and more, when it is prepared each time.
    expect(fastest(join, join) / fastest(plain, plain)).toBeLessThan(8);
    db.close();
  });

  test("a parameter is kept from the planner wherever it stands, and what only looks like one is left as it is", () => {
    const sql = `SELECT ':no', "?no", json_extract(a, '$.no') -- ?no
      FROM t WHERE a = ? AND b IN (:one, @two, $three) AND (c, d) < (?1, ?) LIMIT ?`;
    expect(steadyPlan(sql)).toBe(`SELECT ':no', "?no", json_extract(a, '$.no') -- ?no
      FROM t WHERE a = +? AND b IN (+:one, +@two, +$three) AND (c, d) < (+?1, +?) LIMIT +?`);
  });

  const failures: [code: RegExp, cause: string, act: (db: Database, driver: Driver) => unknown][] = [
    [/^SQLITE_ERROR$/, "a statement that is none", (db) => db.prepare("SELEC")],
    [/^SQLITE_CONSTRAINT/, "a value of the wrong type", (db) => db.prepare("INSERT INTO t VALUES (?)").run("no")],
    [/^SQLITE_FULL$/, "a file that may not grow", (db) => fill(db)],
    [/^SQLITE_BUSY$/, "another's lock", (db, driver) => underLock(db, driver)],
    [
      /^SQLITE_READONLY$/,
      "a file that is only read",
      (db, driver) => withOther(driver, db.name, { readonly: true }, (other) => other.exec("DELETE FROM t")),
    ],
    [/^SQLITE_CANTOPEN$/, "no file", (db, driver) => driver.open(`${db.name}-none`, { readonly: true })],
    [/^SQLITE_CANTOPEN$/, "a folder", (_, driver) => driver.open(import.meta.dirname)],
    [
      /^SQLITE_NOTADB$/,
      "a file of something else",
      (_, driver) =>
        withOther(driver, import.meta.filename, { readonly: true }, (other) => other.pragma("user_version")),
    ],
    [
      /^SQLITE_CORRUPT_VTAB$/,
      "a damaged index of words",
      (db, driver) => {
        db.exec("CREATE VIRTUAL TABLE w USING fts5 (x); INSERT INTO w VALUES ('a')");
        db.close();
        const spoiler = new SqliteDatabase(db.name);
        spoiler.unsafeMode().exec("DELETE FROM w_data WHERE id = 10");
        spoiler.close();
        withOther(driver, db.name, { readonly: false }, (other) =>
          other.prepare("SELECT * FROM w WHERE w MATCH 'a'").all(),
        );
      },
    ],
  ];
  test.each(failures)("say %s of %s", (code, _, act) => {
    for (const driver of drivers) {
      using folder = tempDir();
      const db = driver.open(join(folder.path, "some.db"));
      db.pragma("journal_mode = WAL");
      db.exec("CREATE TABLE t (n INTEGER) STRICT");
      expect([driver.name, codeOf(() => act(db, driver))]).toEqual([driver.name, expect.stringMatching(code)]);
      expect([driver.name, db.inTransaction]).toEqual([driver.name, false]);
      db.close();
      db.close();
      expect([driver.name, db.open, db.inTransaction]).toEqual([driver.name, false, false]);
    }
  });

  test("name a write that the system refuses SQLITE_IOERR_WRITE or SQLITE_FULL, by which the ballast is spent", async () => {
    for (const driver of drivers) {
      using folder = tempDir();
      // A process of its own: the size of files is limited for all of it.
      const module = driver.name === "node-sqlite" ? "node-sqlite.ts" : "better-sqlite3.ts";
      const load = driver.name === "node-sqlite" ? "nodeSqlite" : "betterSqlite3";
      const program = `
        import { ${load} as load } from ${JSON.stringify(join(import.meta.dirname, "../../src/store/sqlite/driver", module))};
        process.on("SIGXFSZ", () => {});
        const db = (await load()).open(${JSON.stringify(join(folder.path, "some.db"))});
        db.pragma("journal_mode = WAL");
        db.exec("CREATE TABLE t (x TEXT)");
        const insert = db.prepare("INSERT INTO t VALUES (?)");
        try { for (;;) insert.run("x".repeat(100_000)); } catch (error) { console.log(error.code); }`;
      const { stdout } = await promisify(execFile)("sh", [
        "-c",
        'ulimit -f 4096; exec "$0" "$@"',
        process.execPath,
        "--input-type=module",
        "-e",
        program,
      ]);
      expect([driver.name, stdout.trim()]).toEqual([driver.name, expect.stringMatching(/^SQLITE_(IOERR_WRITE|FULL)$/)]);
    }
  });

  test("bind by place and by name, take undefined as NULL, and leave what the statement does not name", () => {
    for (const driver of drivers) {
      using folder = tempDir();
      const db = driver.open(join(folder.path, "some.db"));
      db.exec("CREATE TABLE t (i INTEGER, s TEXT, n TEXT) STRICT");
      db.prepare("INSERT INTO t VALUES (?, ?, ?)").run(Number.MAX_SAFE_INTEGER, "a\0ü", undefined);
      db.prepare("INSERT INTO t VALUES (:i, :s, :n)").run({ i: -1, s: "", n: undefined, more: 1 });
      const rows = db.prepare<[], object>("SELECT * FROM t").all();
      expect([driver.name, rows]).toEqual([
        driver.name,
        [
          { i: Number.MAX_SAFE_INTEGER, s: "a\0ü", n: null },
          { i: -1, s: "", n: null },
        ],
      ]);
      expect(db.prepare("SELECT 1 FROM t WHERE i = ?").get(7)).toBeUndefined();
      expect(db.prepare("UPDATE t SET n = ? WHERE i < 0").run("x").changes).toBe(1);
      expect(db.prepare<[], { s: string }>("DELETE FROM t RETURNING s").all()).toHaveLength(2);
      db.close();
    }
  });

  test("refuse a database that was cut", () => {
    for (const driver of drivers) {
      using folder = tempDir();
      open(driver, folder.path).db.close();
      open(driver, folder.path).db.close();
      truncateSync(join(folder.path, "mesh.db"), 40_000);
      expect(() => open(driver, folder.path)).toThrow(/is damaged|cannot be read/);
    }
  });
});

describe("the mark of an addon that is being loaded", () => {
  test("counts processes that died over it: one may be chance, two in a row are the file", async () => {
    using folder = tempDir();
    const mark = new LoadMark(folder.path);
    const dies = () => {
      const program = `
        import { LoadMark } from ${JSON.stringify(join(import.meta.dirname, "../../src/store/sqlite/driver/load-mark.ts"))};
        new LoadMark(${JSON.stringify(folder.path)}).set();
        process.kill(process.pid, "SIGKILL");`;
      return promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]).catch(() => undefined);
    };
    await dies();
    expect(mark.isDeadly).toBe(false);
    await dies();
    expect(mark.isDeadly).toBe(true);
    mark.clear();
    expect(mark.isDeadly).toBe(false);
    await dies();
    mark.set();
    mark.clear();
    await dies();
    expect(mark.isDeadly).toBe(false);
  });

  test("is that of the installation it was set for alone", async () => {
    using folder = tempDir();
    const mark = new LoadMark(folder.path);
    writeFileSync(mark.path, JSON.stringify({ pid: 1, at: 0, addon: "another installation", deaths: 9 }));
    expect(mark.isDeadly).toBe(false);
    writeFileSync(mark.path, "{");
    expect(mark.isDeadly).toBe(false);
  });
});

function withOther(driver: Driver, path: string, options: { readonly: boolean }, act: (other: Database) => unknown) {
  const other = driver.open(path, options);
  try {
    act(other);
  } finally {
    other.close();
  }
}

function fill(db: Database): void {
  db.pragma("max_page_count = 20");
  const insert = db.prepare("INSERT INTO t VALUES (?)");
  db.exec("BEGIN");
  for (let i = 0; i < 1e6; i++) insert.run(i);
}

function underLock(db: Database, driver: Driver): void {
  db.pragma("busy_timeout = 0");
  withOther(driver, db.name, { readonly: false }, (other) => {
    other.exec("BEGIN IMMEDIATE");
    db.exec("BEGIN IMMEDIATE");
  });
}
