/** The database of a new mesh: made whole beside its place and put there at once; what never was whole is told from it. */
import { closeSync, constants, existsSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { v7 } from "uuid";
import type { Database } from "../driver/database.ts";
import { migrate } from "./migrate.ts";

/** What SQLite may keep beside a database. */
export function besideOf(path: string): string[] {
  return ["-wal", "-shm", "-journal"].map((end) => path + end);
}

/** A name for positions that are of one history of a database. */
export function newEpoch(): string {
  return v7().replaceAll("-", "").slice(-12);
}

/**
 * Makes the database of a new mesh at `path`, where there is none: until it is whole and on disk nothing is there.
 * `open` opens a file with the engine's settings. Returns the schema's version.
 */
export function makeDatabase(path: string, open: (path: string) => Database): number {
  const draft = `${path}.draft`;
  const forget = () => {
    for (const each of [draft, ...besideOf(draft)]) rmSync(each, { force: true });
  };
  forget();
  try {
    const db = open(draft);
    let schema: number;
    try {
      schema = migrate(db).to;
      db.prepare("INSERT INTO mesh (one, instance_id, epoch) VALUES (1, ?, ?)").run(v7(), newEpoch());
      db.pragma("wal_checkpoint(TRUNCATE)");
    } finally {
      db.close();
    }
    sync(draft);
    // A journal of something that never was whole would be played back into the new database.
    for (const each of besideOf(path)) rmSync(each, { force: true });
    renameSync(draft, path);
    if (process.platform !== "win32") sync(dirname(path));
    return schema;
  } catch (error) {
    forget();
    throw error;
  }
}

const PAGE_BYTES = 4_096;
const MAGIC = "SQLite format 3\0";

/**
 * Whether a file that is not empty is what an ended first start of an earlier version left: the first page and no more,
 * of a database that says itself, or whose journal says, that it never had more. No part of a mesh fits into that.
 */
export function neverWasWhole(path: string): boolean {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > PAGE_BYTES) return false;
  if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return false;
  const journal = headOf(`${path}-journal`);
  // How many pages the database had before the act that the journal can take back.
  if (journal !== undefined) return journal.length < 20 || journal.readUInt32BE(16) === 0;
  const head = headOf(path);
  return head !== undefined && head.toString("latin1", 0, 16) === MAGIC && head.readUInt32BE(28) <= 1;
}

/** The first bytes of a file; undefined where there is none. */
function headOf(path: string): Buffer | undefined {
  if (!existsSync(path)) return undefined;
  const file = openSync(path, constants.O_RDONLY);
  try {
    const head = Buffer.alloc(32);
    return head.subarray(0, readSync(file, head, 0, head.length, 0));
  } finally {
    closeSync(file);
  }
}

/** Brings a file, or the names in a folder, down to the disk. */
export function sync(path: string): void {
  const file = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
