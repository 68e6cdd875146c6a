/** Looks at single rows by what they are called, which come with every request: those that wait are one statement. */
import type { Connection, Database } from "../driver/database.ts";
import { databaseError } from "../driver/failure.ts";

/** Asked about in one statement at most. */
const MOST = 256;

/** Finds rows by their keys. */
export type Find<Found> = (connection: Connection, keys: readonly string[]) => Promise<ReadonlyMap<string, Found>>;

interface Asked<Found> {
  readonly key: string;
  readonly answer: (found: Found | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/** One kind of them. Each sees what was committed before it was asked. */
export class Glances<Found> {
  readonly #db: Database;
  readonly #find: Find<Found>;
  #asked: Asked<Found>[] = [];
  #isLooking = false;

  constructor(db: Database, find: Find<Found>) {
    this.#db = db;
    this.#find = find;
  }

  /** What is called so; undefined when nothing is. */
  at(key: string): Promise<Found | undefined> {
    return new Promise((answer, fail) => {
      this.#asked.push({ key, answer, fail });
      this.#begin();
    });
  }

  #begin(): void {
    if (this.#isLooking || this.#asked.length === 0) return;
    this.#isLooking = true;
    // What comes in the same turn of the event loop goes together.
    setImmediate(() => {
      void this.#look(this.#asked.splice(0, MOST));
    });
  }

  async #look(asked: readonly Asked<Found>[]): Promise<void> {
    try {
      const found = await this.#db.use((connection) =>
        this.#find(connection, [...new Set(asked.map(({ key }) => key))]),
      );
      for (const { key, answer } of asked) answer(found.get(key));
    } catch (error) {
      for (const { fail } of asked) fail(databaseError(error));
    } finally {
      this.#isLooking = false;
      this.#begin();
    }
  }
}
