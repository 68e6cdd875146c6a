/** One broker per state folder: an exclusive transaction on a file of its own, released by the kernel. */
import type { Database, Driver } from "../driver/database.ts";

/** Held for the life of the broker. Keep it referenced, and never open the file a second time: either frees it. */
export class BrokerLock {
  readonly #db: Database;

  private constructor(db: Database) {
    this.#db = db;
  }

  /** Takes the lock, or returns undefined when another broker has it. */
  static tryTake(driver: Driver, path: string): BrokerLock | undefined {
    const db = driver.open(path);
    try {
      // A client that looks whether a broker runs has the file for a moment.
      db.pragma("busy_timeout = 250");
      db.pragma("journal_mode = DELETE");
      db.pragma("locking_mode = EXCLUSIVE");
      db.exec("BEGIN EXCLUSIVE");
      return new BrokerLock(db);
    } catch (error) {
      db.close();
      if (error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY")) return undefined;
      throw error;
    }
  }

  release(): void {
    this.#db.close();
  }
}
