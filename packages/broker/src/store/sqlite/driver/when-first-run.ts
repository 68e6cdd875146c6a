/** Statements that SQLite prepares when they are run first. */
import type { Database, Statement } from "./database.ts";

/**
 * The same open database for the engine, which has four times the statements that a broker of a few sessions runs: each of them takes
 * about 10 KiB from when it is prepared, and its part of the start. What is wrong with one is said when it is run.
 */
export class PreparedWhenRun implements Database {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  get name(): string {
    return this.#db.name;
  }

  get open(): boolean {
    return this.#db.open;
  }

  get inTransaction(): boolean {
    return this.#db.inTransaction;
  }

  prepare<Bound extends unknown[] | object, Row>(
    sql: string,
  ): Bound extends unknown[] ? Statement<Bound, Row> : Statement<[Bound], Row>;
  prepare(sql: string): Statement {
    return new StatementWhenRun(() => this.#db.prepare(sql));
  }

  exec(sql: string): unknown {
    return this.#db.exec(sql);
  }

  pragma(sql: string, options?: { readonly simple: boolean }): unknown {
    return this.#db.pragma(sql, options);
  }

  close(): unknown {
    return this.#db.close();
  }
}

class StatementWhenRun implements Statement {
  readonly #prepare: () => Statement;
  #prepared: Statement | undefined;

  constructor(prepare: () => Statement) {
    this.#prepare = prepare;
  }

  run(...bound: unknown[]): { changes: number } {
    this.#prepared ??= this.#prepare();
    return this.#prepared.run(...bound);
  }

  get(...bound: unknown[]): unknown {
    this.#prepared ??= this.#prepare();
    return this.#prepared.get(...bound);
  }

  all(...bound: unknown[]): unknown[] {
    this.#prepared ??= this.#prepare();
    return this.#prepared.all(...bound);
  }
}
