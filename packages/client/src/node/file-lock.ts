/** A lock that the kernel releases when its holder dies: an exclusive transaction on a SQLite file of its own. */
import { chmodSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";

// An open database that nothing refers to is closed by the garbage collector, and its lock is gone.
const held = new Set<DatabaseSync>();

/** An exclusive lock on a file nobody else opens, until `release` or the end of the process. */
export class FileLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Takes the lock, or returns undefined when another process has it. */
  static tryTake(path: string): FileLock | undefined {
    const database = new (sqlite().DatabaseSync)(path);
    try {
      database.exec(
        "PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE",
      );
      if (process.platform !== "win32") chmodSync(path, 0o600);
      held.add(database);
      return new FileLock(database);
    } catch (error) {
      database.close();
      if (error instanceof Error && "errcode" in error && Number(error.errcode) % 256 === SQLITE_BUSY) return undefined;
      throw error;
    }
  }

  /** Gives the lock back. */
  release(): void {
    held.delete(this.#database);
    if (this.#database.isOpen) this.#database.close();
  }
}

const SQLITE_BUSY = 5;

/** node:sqlite, loaded when first needed; Node 22 says at that moment that it is experimental, which helps no user. */
function sqlite(): typeof import("node:sqlite") {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}
