/** A lock that the kernel releases when its holder dies: an exclusive transaction on a SQLite file of its own. */
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** An exclusive lock on a file nobody else opens. Keep it referenced for as long as it is needed. */
export class FileLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Takes the lock, or returns undefined when another process has it. */
  static tryTake(path: string): FileLock | undefined {
    const database = new DatabaseSync(path);
    try {
      database.exec(
        "PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE",
      );
      if (process.platform !== "win32") chmodSync(path, 0o600);
      return new FileLock(database);
    } catch (error) {
      database.close();
      if (error instanceof Error && "errcode" in error && Number(error.errcode) % 256 === SQLITE_BUSY) return undefined;
      throw error;
    }
  }

  /** Gives the lock back. */
  release(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

const SQLITE_BUSY = 5;
