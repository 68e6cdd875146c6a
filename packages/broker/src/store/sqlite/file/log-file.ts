/** The write-ahead log of an open database, as a file that is brought to disk beside SQLite (decision 0026). */
import { closeSync, fdatasync, fdatasyncSync, openSync } from "node:fs";
import type { Flusher } from "../commits/durable.ts";

/** The log of the database at a path, which is open and in WAL mode: SQLite keeps this file until it closes. */
export class LogFile implements Flusher {
  readonly #file: number;

  constructor(database: string) {
    // SQLite's locks are on other files: closing this one drops none.
    this.#file = openSync(`${database}-wal`, "r+");
  }

  flush(): Promise<void> {
    return new Promise((resolve, reject) => fdatasync(this.#file, (error) => (error ? reject(error) : resolve())));
  }

  flushNow(): void {
    fdatasyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}
