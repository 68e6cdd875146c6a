/**
 * Copies of the database from before it was migrated, in the folder `backups`: one for each migration of a mesh with something
 * in it, whole or not there, the last two kept. Why so: decision 0025.
 */
import { closeSync, constants, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemRefusal } from "@agentmesh/protocol";
import { sizeText } from "../../../mesh/acceptance/intake.ts";
import type { Notice } from "../context.ts";
import type { Driver } from "../driver/database.ts";
import { freeOn, isFullDisk } from "./disk.ts";
import { besideOf, sync } from "./first-start.ts";
import { readOnly } from "./read-only.ts";

/** A copy that was made before a migration. */
export interface Backup {
  readonly path: string;
  /** The schema that the database had. */
  readonly schema: number;
  readonly madeAt: string;
  readonly bytes: number;
}

/** The copy could not be made, and so the database was not migrated; the message says what can be done. */
export class BackupError extends Error {
  override readonly name = "BackupError";
}

/** The folder, in a state folder. */
export const BACKUPS = "backups";
/** How many are kept. */
const KEPT = 2;
const NAME = /^schema-(\d{1,6})-(\d{4}-\d\d-\d\dT)(\d\d)-(\d\d)-(\d\d\.\d{3}Z)\.db$/;
const DRAFT = ".draft";
/** What SQLite makes of a copy that is not done: the copy, and a journal of its own beside it. */
const UNDONE = /^(.+\.db)\.draft(-journal|-wal|-shm)?$/;
/** What a start needs beside the copy. */
const BESIDE_BYTES = 1_048_576;

/** The copies in a state folder, the newest first. */
export function listBackups(home: string): Backup[] {
  const found = namesIn(home).flatMap((name) => {
    const [, schema, day, hour, minute, rest] = NAME.exec(name) ?? [];
    const path = join(home, BACKUPS, name);
    const stat = schema === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile()) return [];
    return [{ path, schema: Number(schema), madeAt: `${day}${hour}:${minute}:${rest}`, bytes: stat.size }];
  });
  return found.sort((a, b) => (a.madeAt < b.madeAt ? 1 : -1));
}

/** Takes away what an ended start left of a copy. */
export function forgetDrafts(home: string): void {
  for (const name of namesIn(home)) {
    if (NAME.test(UNDONE.exec(name)?.[1] ?? "")) rmSync(join(home, BACKUPS, name), { force: true });
  }
}

/** What a copy is made of. */
export interface BackupTerms {
  readonly driver: Driver;
  readonly home: string;
  readonly database: string;
  readonly from: number;
  readonly to: number;
  /** How large it will be. */
  readonly bytes: number;
  /** Free bytes below which the broker takes nothing new. */
  readonly minFreeBytes: number;
  readonly notice: Notice;
}

/** Makes a copy before the migration, on disk and with a name of its own when this returns. @throws BackupError; SQLite's error for a damaged database */
export function backUp(terms: BackupTerms): Backup {
  const { driver, home, database, from, to, notice } = terms;
  const madeAt = new Date().toISOString();
  const path = join(home, BACKUPS, `schema-${from}-${madeAt.replaceAll(":", "-")}.db`);
  // One fewer than are kept: with the new one there are as many as there may be.
  const old = listBackups(home).slice(KEPT - 1);
  requireRoom(terms, path, old);
  for (const each of old) rmSync(each.path, { force: true });
  const detail = `a copy of the database is made before it is brought from schema ${from} to ${to}: ${sizeText(terms.bytes)}`;
  notice("info", "store.backing_up", { from, to, backup: path, detail });
  const draft = path + DRAFT;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Made by us, so that it is 0600 from the beginning; SQLite fills a file that is empty.
    closeSync(openSync(draft, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600));
    readOnly(driver, database, (db) => db.prepare<[string]>("VACUUM INTO ?").run(draft));
    sync(draft);
    renameSync(draft, path);
    if (process.platform !== "win32") for (const folder of [dirname(path), home]) sync(folder);
  } catch (error) {
    for (const each of [...besideOf(draft), draft, path]) forget(each);
    if (isDamage(error) || systemRefusal(error)?.passes) throw error;
    const why = isFullDisk(error, home)
      ? `there is no room for it on the disk of ${home}, which is full or has no inode left (df -h and df -i)`
      : `${error instanceof Error ? error.message : error}`;
    throw notMade(terms, path, `could not be made: ${why}`, error);
  }
  const { size: bytes } = statSync(path);
  notice("info", "store.backed_up", { from, to, backup: path, bytes });
  return { path, schema: from, madeAt, bytes };
}

/** Refuses a copy that would fill the disk, or leave so little that nothing new would be taken because of it. */
function requireRoom(terms: BackupTerms, path: string, old: readonly Backup[]): void {
  const { home, bytes, minFreeBytes } = terms;
  const free = freeOn(home) + old.reduce((sum, each) => sum + each.bytes, 0);
  const isLow = free < minFreeBytes;
  const rest = isLow ? BESIDE_BYTES : Math.max(minFreeBytes, BESIDE_BYTES);
  if (free >= bytes + rest) return;
  const kept = isLow ? "" : `, of which ${sizeText(rest)} stay free for acks and reads (minFreeDiskBytes)`;
  throw notMade(terms, path, `has no room: it takes ${sizeText(bytes)}, and ${sizeText(free)} are free${kept}`);
}

function notMade({ home, database, from, to }: BackupTerms, path: string, why: string, cause?: unknown): BackupError {
  const others = listBackups(home).map((each) => each.path);
  const also = others.length === 0 ? "" : `, such as older copies that you do without (${others.join(", ")})`;
  return new BackupError(
    `The database ${database} is to be brought from schema ${from} to ${to}, and the copy that is made of it first, ${path}, ${why}. Nothing was changed: the version before opens it as it is. Free space on that disk${also}, and start again; or start once without a copy: AGENTMESH_NO_BACKUP=true agentmesh up`,
    { cause },
  );
}

/** Whether what was to be copied is at fault, not its copy. */
export function isDamage(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^SQLITE_(CORRUPT|NOTADB)/.test(String(error.code));
}

function forget(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What kept it from being made keeps it from being removed; a draft is looked for at the next start.
  }
}

function namesIn(home: string): string[] {
  try {
    return readdirSync(join(home, BACKUPS));
  } catch {
    return [];
  }
}
