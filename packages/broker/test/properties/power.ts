/** The disk under a database of the suite: how much of the log has reached it, and what a power cut leaves of that. */
import { copyFileSync, rmSync, statSync, truncateSync } from "node:fs";
import type { LogToFlush } from "../../src/store/sqlite/sqlite-store.ts";

/** How many turns of the event loop a flush takes: others have theirs meanwhile. */
const FLUSH_TURNS = 2;

/** A disk whose flushes take their time, and end with the process that waits for them. */
export class PowerDisk implements LogToFlush {
  readonly #database: string;
  /** Bytes of the log that are on disk. */
  #kept: number;
  #isOver = false;

  /** Of a database that was opened just now: what it wrote until here is on disk. */
  constructor(database: string) {
    this.#database = database;
    this.#kept = this.#size();
  }

  async flush(): Promise<void> {
    const size = this.#size();
    for (let turns = 0; turns < FLUSH_TURNS; turns++) await new Promise((resolve) => setImmediate(resolve));
    if (this.#isOver) await new Promise(() => {});
    this.#kept = size;
  }

  flushNow(): void {
    this.#kept = this.#size();
  }

  close(): void {}

  /** The process is killed: nobody hears of a flush any more. */
  end(): void {
    this.#isOver = true;
  }

  /** Puts what a power cut leaves in the place of database and log; `close` closes what had them open. */
  cut(close: () => void): void {
    this.end();
    const [database, cut] = [this.#database, `${this.#database}.cut`];
    copyFileSync(database, cut);
    copyFileSync(`${database}-wal`, `${cut}-wal`);
    truncateSync(`${cut}-wal`, Math.min(this.#kept, this.#size()));
    close();
    rmSync(`${database}-shm`, { force: true });
    // Into the same file: a broker knows one that took its place.
    for (const end of ["", "-wal"]) copyFileSync(cut + end, database + end);
  }

  #size(): number {
    return statSync(`${this.#database}-wal`).size;
  }
}
