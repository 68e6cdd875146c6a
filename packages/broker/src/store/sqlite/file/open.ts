/** Opens the database of a state folder: settings read back, checked, migrated, compared with its high-water mark. */
import { closeSync, constants, existsSync, mkdirSync, openSync, renameSync } from "node:fs";
import { join } from "node:path";
import { v7 } from "uuid";
import type { Notice } from "../context.ts";
import type { Database, Driver } from "../driver/database.ts";
import type { OpenDatabase } from "../sqlite-store.ts";
import { forgetDrafts } from "./backups.ts";
import { makeDatabase, newEpoch } from "./first-start.ts";
import { beginLife, firstOfLife, hasLogBeside, readKnown, type Signs, tellNewLife, whyNewLife } from "./life.ts";
import { LogFile } from "./log-file.ts";
import { damaged, look } from "./look.ts";
import { refuseMoved } from "./moved.ts";
import { rebuildSearch } from "./search-index.ts";
import { backUpFirst, type First, migrateWith, type UpgradeTerms } from "./upgrade.ts";
import { readMark, Watermark } from "./watermark.ts";

/** How to open a database. */
export interface OpenOptions extends UpgradeTerms {
  readonly synchronous: "full" | "normal";
  /** Moves a damaged database aside and begins an empty one. */
  readonly startEmpty: boolean;
}

/** Opens, checks and migrates, with a copy made first. @throws DatabaseDamagedError, NewerDatabaseError, BackupError, MovedAwayError */
export function openDatabase(options: OpenOptions): OpenDatabase {
  refuseMoved(options.folder);
  const path = join(options.folder, "mesh.db");
  const markPath = join(options.folder, "mesh.mark.json");
  const { driver } = options;
  // Before anything is opened or moved aside: afterwards they say nothing of the life before.
  const signs: Signs = {
    mark: readMark(markPath),
    hasLog: hasLogBeside(path),
    files: { database: path, mark: markPath },
  };
  forgetDrafts(options.folder);
  const { searchDamaged, isNew, found, ...looked } = look(driver, path, markPath);
  const first: First = found ? backUpFirst(options, path, found) : {};
  const fault = looked.fault ?? first.fault;
  if (fault !== undefined) {
    if (!options.startEmpty) throw damaged(path, fault);
    options.notice("error", "store.quarantined", { fault, folder: quarantine(options.folder) });
  }
  const open = (at: string) => openFile(driver, at, options.synchronous);
  const makes = isNew || fault !== undefined;
  if (makes) options.notice("info", "store.created", { from: 0, to: makeDatabase(path, open) });
  const db = open(path);
  const { from, to } = migrateWith(db, first.backup);
  const migrated =
    from === 0 || from === to ? undefined : { from, to, ...(first.backup && { backup: first.backup.path }) };
  if (migrated) options.notice("info", "store.migrated", migrated);
  else if (from !== to) options.notice("info", "store.created", { from, to });
  if (searchDamaged) {
    rebuildSearch(db);
    options.notice("error", "store.search_rebuilt", {
      detail: "the index of words was damaged and was made anew from the messages; no message is missing",
    });
  }

  const lived = live(db, signs, { schema: to, isMade: makes, isNew: isNew === true }, options.notice);
  const log = options.synchronous === "full" ? logOf(db, path) : undefined;
  return { db, ...lived, notice: options.notice, log, ...(migrated && { migrated }) };
}

/** From here on SQLite writes its log, and who commits has it flushed before anybody is answered. */
function logOf(db: Database, path: string): LogFile {
  db.pragma("synchronous = normal");
  return new LogFile(path);
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
