/** Opens the database of a state folder: settings read back, checked, migrated, compared with its high-water mark. */
import { closeSync, constants, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { v7 } from "uuid";
import type { Notice } from "../context.ts";
import type { Database, Driver } from "../driver/database.ts";
import type { OpenDatabase } from "../sqlite-store.ts";
import { isFullDisk } from "./disk.ts";
import { besideOf, makeDatabase, neverWasWhole, newEpoch } from "./first-start.ts";
import { beginLife, firstOfLife, hasLogBeside, readKnown, type Signs, tellNewLife, whyNewLife } from "./life.ts";
import { migrate } from "./migrate.ts";
import { isSearchDamage, rebuildSearch } from "./search-index.ts";
import { readMark, Watermark } from "./watermark.ts";

/** The database is damaged or gone. Its files are left in place; the message says what can be done. */
export class DatabaseDamagedError extends Error {
  override readonly name = "DatabaseDamagedError";
}

/** How to open a database. */
export interface OpenOptions {
  readonly driver: Driver;
  readonly folder: string;
  readonly synchronous: "full" | "normal";
  /** Moves a damaged database aside and begins an empty one. */
  readonly startEmpty: boolean;
  /** Told what happened on the way, for the log. */
  readonly notice: Notice;
}

const QUICK_CHECK_UP_TO_BYTES = 1 << 30;

/** Opens, checks and migrates. @throws DatabaseDamagedError, NewerDatabaseError */
export function openDatabase(options: OpenOptions): OpenDatabase {
  const path = join(options.folder, "mesh.db");
  const markPath = join(options.folder, "mesh.mark.json");
  const { driver } = options;
  // Before anything is opened or moved aside: afterwards they say nothing of the life before.
  const signs: Signs = {
    mark: readMark(markPath),
    hasLog: hasLogBeside(path),
    files: { database: path, mark: markPath },
  };
  const { fault, searchDamaged, isNew } = look(driver, path, markPath);
  if (fault !== undefined) {
    if (!options.startEmpty) {
      throw new DatabaseDamagedError(
        `${fault} Its files were left in place. Restore ${path} from a backup, or start with --start-empty: the damaged files are moved aside and the mesh begins empty.`,
      );
    }
    options.notice("error", "store.quarantined", { fault, folder: quarantine(options.folder) });
  }
  const open = (at: string) => openFile(driver, at, options.synchronous);
  const makes = isNew || fault !== undefined;
  if (makes) options.notice("info", "store.created", { from: 0, to: makeDatabase(path, open) });
  const db = open(path);
  const { from, to } = migrate(db);
  if (from !== to) options.notice("info", from === 0 ? "store.created" : "store.migrated", { from, to });
  if (searchDamaged) {
    rebuildSearch(db);
    options.notice("error", "store.search_rebuilt", {
      detail: "the index of words was damaged and was made anew from the messages; no message is missing",
    });
  }

  const lived = live(db, signs, { schema: to, isMade: makes, isNew: isNew === true }, options.notice);
  return { db, ...lived, notice: options.notice };
}

/** Which life the opened database has, the one it had or a new one, and the mark beside it. */
function live(
  db: Database,
  signs: Signs,
  { schema, isMade, isNew }: { readonly schema: number; readonly isMade: boolean; readonly isNew: boolean },
  notice: Notice,
): Pick<OpenDatabase, "instanceId" | "epoch" | "watermark" | "endedInOrder"> {
  db.prepare<[string, string]>(
    "INSERT INTO mesh (one, instance_id, epoch) VALUES (1, ?, ?) ON CONFLICT DO NOTHING",
  ).run(v7(), newEpoch());
  const known = readKnown(db);
  if (!known) throw new Error(`${db.name} does not keep what it is`);
  const { mark } = signs;
  const start = newEpoch();
  const why = isMade ? (isNew ? undefined : "an empty one took its place") : whyNewLife(known, signs);
  const first = why === undefined ? known.first : firstOfLife(known, mark);
  const last = why === undefined ? known.last : first;
  const marked = { instanceId: known.instanceId, schema, first, start };
  const watermark = new Watermark(signs.files.mark, signs.files.database, { ...marked, before: known.start });
  const endedInOrder = isMade || (why === undefined && mark?.clean === true);
  const lived = { instanceId: known.instanceId, watermark, endedInOrder };
  if (why !== undefined) {
    // The database before the mark: cut off between them, the next start finds the same signs.
    const epoch = inTransaction(db, () => {
      setStart(db, start);
      return beginLife(db, first);
    });
    if (!isMade) tellNewLife(notice, why, known, first, mark);
    watermark.become(marked);
    if (isMade) watermark.write(last, false);
    else watermark.advance(() => last);
    return { ...lived, epoch };
  }
  if (isMade) watermark.write(last, false);
  else if (!watermark.advance(() => last)) {
    // A full disk does not keep a known database from being served: mark and database stay as the last start left them.
    watermark.become({ ...marked, start: mark?.start });
    return { ...lived, epoch: known.epoch };
  }
  setStart(db, start);
  watermark.become(marked);
  watermark.advance(() => last);
  return { ...lived, epoch: known.epoch };
}

function setStart(db: Database, start: string): void {
  db.prepare<[string]>("UPDATE mesh SET start = ?").run(start);
}

function inTransaction<T>(db: Database, act: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = act();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    if (db.inTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** What a look at the files showed. */
interface Look {
  /** What is wrong with them, in a sentence; undefined when they can be used. */
  readonly fault?: string | undefined;
  /** The index of words is damaged, and nothing else. */
  readonly searchDamaged?: boolean;
  /** There was never a mesh here: the database is to be made. */
  readonly isNew?: boolean;
}

function look(driver: Driver, path: string, markPath: string): Look {
  const bytes = existsSync(path) ? statSync(path).size : 0;
  const mark = readMark(markPath);
  if (bytes === 0) {
    const hasLog = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
    if (!mark && !hasLog) return { isNew: true };
    return { fault: `The database ${path} is ${existsSync(path) ? "empty" : "missing"}, but a mesh existed here.` };
  }
  if (!existsSync(markPath) && neverWasWhole(path)) return { isNew: true };
  const made = besideOf(path).filter((each) => !existsSync(each));
  let db: Database | undefined;
  try {
    // Read-only: a look at a damaged database must not write its log back into it.
    db = driver.open(path, { readonly: true });
    const findings = bytes <= QUICK_CHECK_UP_TO_BYTES ? quickCheck(db) : [];
    const damage = findings.find((finding) => !isSearchDamage(finding));
    if (damage !== undefined) return { fault: `The database ${path} is damaged (${damage}).` };
    const meshes = db.prepare<[], { n: number }>("SELECT COUNT(*) AS n FROM sqlite_schema WHERE name = 'mesh'").get();
    if (meshes?.n !== 1 && mark) return { fault: `The database ${path} holds no mesh, but a mesh existed here.` };
    return { searchDamaged: findings.length > 0 };
  } catch (error) {
    // No word on what is in it: too many open files, no memory, no room for SQLite's own files beside it.
    if (isRefusal(error) || isFullDisk(error, dirname(path))) throw error;
    return { fault: `The database ${path} cannot be read (${error instanceof Error ? error.message : error}).` };
  } finally {
    db?.close();
    // A look at a database in WAL mode leaves an empty log and its index behind.
    for (const each of made) rmSync(each, { force: true });
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^SQLITE_(CANTOPEN|NOMEM|PERM|BUSY)/.test(String(error.code));
}

function quickCheck(db: Database): string[] {
  const rows = db.prepare<[], { quick_check: string }>("PRAGMA quick_check(20)").all();
  return rows.map(({ quick_check }) => quick_check).filter((finding) => finding !== "ok");
}

function quarantine(folder: string): string {
  const aside = join(folder, `corrupt-${new Date().toISOString().replaceAll(":", "-")}`);
  mkdirSync(aside, { mode: 0o700 });
  for (const name of ["mesh.db", "mesh.db-wal", "mesh.db-shm", "mesh.db-journal", "mesh.mark.json"]) {
    if (existsSync(join(folder, name))) renameSync(join(folder, name), join(aside, name));
  }
  return aside;
}

function openFile(driver: Driver, path: string, synchronous: "full" | "normal"): Database {
  // Created by us first, so that the file and what SQLite puts beside it are 0600 and never behind a symbolic link.
  closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600));
  const db = driver.open(path);
  // Only a file without tables takes it: what pruning frees can go back to the disk (care.ts).
  db.pragma("auto_vacuum = INCREMENTAL");
  db.pragma("journal_mode = WAL");
  // better-sqlite3 sets NORMAL whenever a database is in WAL mode: set it after, and read it back.
  db.pragma(`synchronous = ${synchronous}`);
  db.pragma("busy_timeout = 1000");
  db.pragma("foreign_keys = ON");
  db.pragma("trusted_schema = OFF");
  db.pragma("cell_size_check = ON");
  db.pragma("temp_store = MEMORY");
  db.pragma("cache_size = -65536");
  db.pragma("wal_autocheckpoint = 4000");
  db.pragma("journal_size_limit = 67108864");
  db.pragma("fullfsync = ON");
  db.pragma("checkpoint_fullfsync = ON");
  const wanted = synchronous === "full" ? 2 : 1;
  if (
    Number(db.pragma("synchronous", { simple: true })) !== wanted ||
    db.pragma("journal_mode", { simple: true }) !== "wal"
  ) {
    throw new Error(`SQLite did not take journal_mode=WAL and synchronous=${synchronous} for ${path}`);
  }
  return db;
}
