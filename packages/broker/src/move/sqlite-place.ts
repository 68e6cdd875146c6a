/** A state folder with a database of SQLite, as an end of a move. */
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { chooseDriver } from "../store/sqlite/driver/choose.ts";
import type { Database, Driver } from "../store/sqlite/driver/database.ts";
import { takeBrokerLock } from "../store/sqlite/file/disk.ts";
import { besideOf, makeDatabase, sync } from "../store/sqlite/file/first-start.ts";
import { schemaOf } from "../store/sqlite/file/migrate.ts";
import { movedFile, movedFrom } from "../store/sqlite/file/moved.ts";
import { openDatabase } from "../store/sqlite/file/open.ts";
import { readOnly } from "../store/sqlite/file/read-only.ts";
import { Watermark } from "../store/sqlite/file/watermark.ts";
import { writeWhole } from "../whole-file.ts";
import {
  INSIDE,
  keyIn,
  MoveRefusedError,
  type Occupant,
  occupantIn,
  type PlaceTerms,
  type Source,
  servedError,
  type Target,
} from "./place.ts";
import { SqliteSide } from "./sqlite-side.ts";

const nameOf = (folder: string) => `sqlite:${folder}`;

/** Holds a folder as its broker would. @throws MoveRefusedError where one does */
async function held<T>(folder: string, terms: PlaceTerms, act: (driver: Driver) => Promise<T>): Promise<T> {
  const { driver } = await chooseDriver(terms.sqliteDriver, folder, terms.notice);
  const lock = takeBrokerLock(driver, folder);
  if (!lock) throw servedError(nameOf(folder));
  try {
    return await act(driver);
  } finally {
    lock.release();
  }
}

/** Opens a folder that a mesh is moved from. @throws MoveRefusedError, DatabaseDamagedError, NewerDatabaseError, BackupError */
export async function fromSqlite<T>(
  folder: string,
  terms: PlaceTerms,
  act: (source: Source) => Promise<T>,
): Promise<T> {
  if (!existsSync(join(folder, "mesh.db"))) {
    throw new MoveRefusedError(`There is no mesh in ${folder}: it has no database. Nothing was moved.`);
  }
  if (folder !== terms.home) checkKey(folder, terms.home);
  return held(folder, terms, (driver) =>
    act({
      name: nameOf(folder),
      left: movedFrom(folder),
      async read(look) {
        const { notice } = terms;
        const open = openDatabase({ driver, folder, synchronous: "full", startEmpty: false, notice });
        try {
          return await look(new SqliteSide(open.db, nameOf(folder)));
        } finally {
          open.watermark.advance(() => lastOf(open.db), "clean");
          open.log?.close();
          open.db.close();
        }
      },
      async leave(to) {
        writeWhole(movedFile(folder), `${JSON.stringify({ to, at: Date.now() }, null, 2)}\n`);
      },
    }),
  );
}

/** Opens a folder that a mesh is moved to. @throws MoveRefusedError */
export async function toSqlite<T>(folder: string, terms: PlaceTerms, act: (target: Target) => Promise<T>): Promise<T> {
  checkKey(folder, terms.home);
  return held(folder, terms, (driver) => {
    const path = join(folder, "mesh.db");
    return act({
      name: nameOf(folder),
      occupant: occupantOf(driver, folder),
      read: (look) => {
        const db = driver.open(path);
        return look(new SqliteSide(db, nameOf(folder))).finally(() => db.close());
      },
      async write(fill) {
        const draft = `${path}.moving`;
        for (const each of [draft, ...besideOf(draft)]) rmSync(each, { force: true });
        const open = (at: string) => {
          const db = driver.open(at);
          db.pragma("auto_vacuum = INCREMENTAL");
          db.pragma("journal_mode = WAL");
          db.pragma("foreign_keys = ON");
          return db;
        };
        makeDatabase(draft, open);
        const db = open(draft);
        try {
          const side = new SqliteSide(db, nameOf(folder));
          const result = await side.written(() => fill(side));
          db.pragma("wal_checkpoint(TRUNCATE)");
          const mark = markOf(db);
          db.close();
          install(folder, draft, mark);
          return result;
        } finally {
          if (db.open) db.close();
        }
      },
    });
  });
}

const Known = z.object({ instanceId: z.string(), first: z.int() });

/** What the mark beside the database is to say: the next start goes on with the life that was moved. */
function markOf(db: Database) {
  const known = db
    .prepare(`SELECT instance_id AS instanceId, COALESCE((SELECT MAX(first) FROM life), 0) AS first FROM mesh`)
    .get();
  return { ...Known.parse(known), schema: schemaOf(db), start: "", last: lastOf(db) };
}

/** Puts it in its place: the mark first, so that a folder with the one and without the other is never taken for a new one. */
function install(folder: string, draft: string, { last, ...mark }: ReturnType<typeof markOf>): void {
  const path = join(folder, "mesh.db");
  sync(draft);
  if (existsSync(path)) renameSync(path, join(folder, "mesh.left.db"));
  for (const each of besideOf(path)) rmSync(each, { force: true });
  new Watermark(join(folder, "mesh.mark.json"), draft, mark).write(last, true);
  renameSync(draft, path);
  if (process.platform !== "win32") sync(folder);
  rmSync(movedFile(folder), { force: true });
}

function lastOf(db: Database): number {
  const row = db.prepare("SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'timeline'), 0) AS last").get();
  return z.object({ last: z.int() }).parse(row).last;
}

function occupantOf(driver: Driver, folder: string): Occupant {
  const path = join(folder, "mesh.db");
  const isLeft = movedFrom(folder) !== undefined;
  if (!existsSync(path)) {
    // A move that was cut off between its last two steps.
    if (!existsSync(join(folder, "mesh.mark.json")) || existsSync(`${path}.moving`)) return "nobody";
    throw new MoveRefusedError(
      `A mesh existed in ${folder}, and its database is gone. Put ${path} back, or name another folder. Nothing was moved.`,
    );
  }
  const row = readOnly(driver, path, (db) => db.prepare(INSIDE).get());
  return occupantIn(row, isLeft);
}

/** Webhooks are sealed under the mesh key, and every program of this mesh proves itself by it. */
function checkKey(folder: string, home: string): void {
  const own = keyIn(home);
  if (own !== undefined && keyIn(folder) === own) return;
  throw new MoveRefusedError(
    `${join(folder, "key")} is not the mesh key that ${join(home, "key")} holds. A mesh goes with its key: copy that file there (mode 0600), then move it. Nothing was moved.`,
  );
}
