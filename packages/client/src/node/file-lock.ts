/** A lock that the kernel releases when its holder dies: an exclusive transaction on a SQLite file of its own. */
import { accessSync, chmodSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import * as z from "zod";
import { isFull } from "./room.ts";
import { refusedBy, StateFolderError } from "./state-folder.ts";

/** What the lock needs of SQLite. */
interface Database {
  exec(sql: string): void;
  close(): void;
}

// An open database that nothing refers to is closed by the garbage collector, and its lock is gone.
const held = new Set<Database>();

/** An exclusive lock on a file nobody else opens, until `release` or the end of the process. */
export class FileLock {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** Takes the lock, or returns undefined when another process has it. @throws StateFolderError */
  static tryTake(path: string): FileLock | undefined {
    let database: Database | undefined;
    try {
      database = openDatabase(path);
      // No pragma besides: a new file has the rollback journal and no wait, and whatever reads a schema brings SQLite's planner into memory.
      database.exec("BEGIN EXCLUSIVE");
      if (process.platform !== "win32") {
        for (const file of [path, `${path}-journal`]) if (existsSync(file)) chmodSync(file, 0o600);
      }
      held.add(database);
      return new FileLock(database);
    } catch (error) {
      database?.close();
      if (codeOf(error) % 256 === SQLITE_BUSY) return undefined;
      if (error instanceof StateFolderError) throw error;
      throw refusedBy(causeAt(path, WRITES) ?? error, path, "cannot be locked", { path });
    }
  }

  /**
   * Whether a process has the lock. Nobody has one whose file is not there or holds no sound database. Not for a lock of
   * this very process: a look at it takes it away.
   * @throws StateFolderError where that cannot be known
   */
  static isHeld(path: string): boolean {
    if (!existsSync(path)) return false;
    let database: Database | undefined;
    try {
      database = openDatabase(path, true);
      database.exec("PRAGMA schema_version");
      return false;
    } catch (error) {
      const code = codeOf(error) % 256;
      if (code === SQLITE_BUSY) return true;
      const refused = causeAt(path, READS);
      if (refused === undefined && (FREE.has(code) || !existsSync(path))) return false;
      if (error instanceof StateFolderError) throw error;
      throw refusedBy(refused ?? error, path, "cannot be looked at", { path });
    } finally {
      database?.close();
    }
  }

  /** Gives the lock back. */
  release(): void {
    if (held.delete(this.#database)) this.#database.close();
  }
}

const SQLITE_BUSY = 5;

/** What SQLite says only after it was let in: a journal is left to roll back (8), the file is damaged (11) or no database (26). */
const FREE: ReadonlySet<number> = new Set([8, 11, 26]);

const BunSqlite = z.object({
  Database: z.custom<new (path: string, options?: { readonly: boolean }) => Database>(
    (value) => typeof value === "function",
  ),
});

function openDatabase(path: string, readOnly = false): Database {
  if ("bun" in process.versions) {
    // Bun has no node:sqlite; its own takes the same locks on the file.
    const { Database } = BunSqlite.parse(process.getBuiltinModule("bun:sqlite"));
    return readOnly ? new Database(path, { readonly: true }) : new Database(path);
  }
  return new (nodeSqlite().DatabaseSync)(path, { readOnly });
}

/**
 * node:sqlite, loaded when first needed; Node 22 says at that moment that it is experimental, which helps no user.
 * @throws StateFolderError where Node has none
 */
function nodeSqlite(): typeof import("node:sqlite") {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    const sqlite: typeof import("node:sqlite") | undefined = process.getBuiltinModule("node:sqlite");
    if (sqlite) return sqlite;
    throw new StateFolderError(
      `The Node at ${process.execPath} was built without SQLite, which keeps the locks of the state folder. Use a Node 22.18 or newer as nodejs.org gives it.`,
    );
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** What taking a lock needs of its file and its folder, and what looking at one does. */
const WRITES = { file: constants.R_OK | constants.W_OK, folder: constants.W_OK | constants.X_OK };
const READS = { file: constants.R_OK, folder: constants.X_OK };

/** What the operating system says of the file: SQLite says only that it cannot be opened. */
function causeAt(path: string, wanted: typeof WRITES): unknown {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    return Object.assign(new Error("EISDIR"), { code: "EISDIR", path });
  }
  for (const [place, rights] of [
    [path, wanted.file],
    [dirname(path), wanted.folder],
  ] as const) {
    try {
      accessSync(place, rights);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT" && place === path)) return error;
    }
  }
  return wanted === WRITES && isFull(dirname(path))
    ? Object.assign(new Error("ENOSPC"), { code: "ENOSPC", path })
    : undefined;
}

/** SQLite's own code, as Node (`errcode`) and Bun (`errno`) say it. */
function codeOf(error: unknown): number {
  if (!(error instanceof Error)) return Number.NaN;
  return Number("errcode" in error ? error.errcode : "errno" in error ? error.errno : Number.NaN);
}
