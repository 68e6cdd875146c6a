/** A look at the files of a database before it is opened: whether it can be used, of which schema it is, how much is in it. */
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Database, Driver } from "../driver/database.ts";
import { isFullDisk } from "./disk.ts";
import { neverWasWhole } from "./first-start.ts";
import { schemaOf } from "./migrate.ts";
import { readOnly } from "./read-only.ts";
import { isSearchDamage } from "./search-index.ts";
import { readMark } from "./watermark.ts";

/** The database is damaged or gone. Its files are left in place; the message says what can be done. */
export class DatabaseDamagedError extends Error {
  override readonly name = "DatabaseDamagedError";
}

/** The error for a database with a fault. */
export function damaged(path: string, fault: string): DatabaseDamagedError {
  return new DatabaseDamagedError(
    `${fault} Its files were left in place. Restore ${path} from a backup, or start with --start-empty: the damaged files are moved aside and the mesh begins empty.`,
  );
}

const QUICK_CHECK_UP_TO_BYTES = 1 << 30;

/** What a look at the files showed. */
export interface Look {
  /** What is wrong with them, in a sentence; undefined when they can be used. */
  readonly fault?: string | undefined;
  /** The index of words is damaged, and nothing else. */
  readonly searchDamaged?: boolean;
  /** There was never a mesh here: the database is to be made. */
  readonly isNew?: boolean;
  /** A mesh that can be used. */
  readonly found?: Found;
}

/** What is known of a mesh before its database is opened. */
export interface Found {
  readonly schema: number;
  readonly hasContent: boolean;
  /** How large a copy of it is. */
  readonly bytes: number;
}

/** Looks at the files of a database before it is opened. */
export function look(driver: Driver, path: string, markPath: string): Look {
  const bytes = existsSync(path) ? statSync(path).size : 0;
  const mark = readMark(markPath);
  if (bytes === 0) {
    const hasLog = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
    if (!mark && !hasLog) return { isNew: true };
    return { fault: `The database ${path} is ${existsSync(path) ? "empty" : "missing"}, but a mesh existed here.` };
  }
  if (!existsSync(markPath) && neverWasWhole(path)) return { isNew: true };
  try {
    return readOnly(driver, path, (db) => lookInto(db, path, { bytes, isMarked: mark !== undefined }));
  } catch (error) {
    // No word on what is in it: too many open files, no memory, no room for SQLite's own files beside it.
    if (isRefusal(error) || isFullDisk(error, dirname(path))) throw error;
    return { fault: `The database ${path} cannot be read (${messageOf(error)}).` };
  }
}

function lookInto(db: Database, path: string, { bytes, isMarked }: { bytes: number; isMarked: boolean }): Look {
  const findings = bytes <= QUICK_CHECK_UP_TO_BYTES ? quickCheck(db) : [];
  const damage = findings.find((finding) => !isSearchDamage(finding));
  if (damage !== undefined) return { fault: `The database ${path} is damaged (${damage}).` };
  const meshes = db.prepare<[], { n: number }>("SELECT COUNT(*) AS n FROM sqlite_schema WHERE name = 'mesh'").get();
  if (meshes?.n !== 1) {
    return isMarked ? { fault: `The database ${path} holds no mesh, but a mesh existed here.` } : {};
  }
  const found = { schema: schemaOf(db), hasContent: hasContent(db), bytes: copyBytes(db) };
  return { searchDamaged: findings.length > 0, found };
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether anybody would miss a database of any schema: it has an agent or a message. */
function hasContent(db: Database): boolean {
  return (
    db
      .prepare<[], { n: number }>(
        `SELECT EXISTS (SELECT 1 FROM message) OR EXISTS (SELECT 1 FROM agent WHERE removed_at IS NULL) AS n`,
      )
      .get()?.n === 1
  );
}

/** How large a copy is: without the pages that hold nothing. */
function copyBytes(db: Database): number {
  const of = (name: string) => Number(db.pragma(name, { simple: true }));
  return (of("page_count") - of("freelist_count")) * of("page_size");
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^SQLITE_(CANTOPEN|NOMEM|PERM|BUSY)/.test(String(error.code));
}

function quickCheck(db: Database): string[] {
  const rows = db.prepare<[], { quick_check: string }>("PRAGMA quick_check(20)").all();
  return rows.map(({ quick_check }) => quick_check).filter((finding) => finding !== "ok");
}
