/** The driver node-sqlite: the SQLite that is part of Node, for systems on which no addon loads. */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import * as z from "zod";
import type { Database, Driver, Statement } from "./database.ts";
import { nodeFailure } from "./failure.ts";
import { steadyPlan } from "./steady-plan.ts";

/** SQLite that knows deletes from an index of words without content; the rest of what the schema needs is older. */
const OLDEST_SQLITE = [3, 43] as const;
const LOCK_WAIT_MS = 5_000;

const About = z.object({ version: z.string(), words: z.int() });

/** Loads what Node has. @throws Error that says what this Node lacks */
export function nodeSqlite(): Driver {
  const sqlite = loadQuietly();
  if (!sqlite) throw new Error(`Node ${process.versions.node} at ${process.execPath} was built without SQLite`);
  const first = new sqlite.DatabaseSync(":memory:");
  const about = About.parse(
    first.prepare("SELECT sqlite_version() AS version, sqlite_compileoption_used('ENABLE_FTS5') AS words").get(),
  );
  first.close();
  const [major = 0, minor = 0] = about.version.split(".").map(Number);
  if (major < OLDEST_SQLITE[0] || (major === OLDEST_SQLITE[0] && minor < OLDEST_SQLITE[1])) {
    throw new Error(
      `Node ${process.versions.node} has SQLite ${about.version}, and the broker needs ${OLDEST_SQLITE.join(".")} or newer`,
    );
  }
  if (about.words !== 1) {
    throw new Error(`the SQLite of Node ${process.versions.node} has no full-text search (FTS5)`);
  }
  return {
    name: "node-sqlite",
    sqlite: about.version,
    open: (path, { readonly } = { readonly: false }) =>
      said(() => new NodeDatabase(path, new sqlite.DatabaseSync(path, { readOnly: readonly, timeout: LOCK_WAIT_MS }))),
  };
}

/** Node 22 says when it loads the module that it is experimental: in the broker's log that helps nobody. */
function loadQuietly(): typeof import("node:sqlite") | undefined {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}

class NodeDatabase implements Database {
  readonly name: string;
  readonly #db: DatabaseSync;

  constructor(name: string, db: DatabaseSync) {
    this.name = name;
    this.#db = db;
  }

  get open(): boolean {
    return this.#db.isOpen;
  }

  get inTransaction(): boolean {
    return this.#db.isOpen && this.#db.isTransaction;
  }

  prepare<Bound extends unknown[] | object, Row>(
    sql: string,
  ): Bound extends unknown[] ? Statement<Bound, Row> : Statement<[Bound], Row>;
  prepare(sql: string): NodeStatement {
    return said(() => new NodeStatement(this.#db.prepare(steadyPlan(sql))));
  }

  exec(sql: string): void {
    said(() => this.#db.exec(sql));
  }

  pragma(sql: string, { simple } = { simple: false }): unknown {
    const rows = said(() => this.#db.prepare(`PRAGMA ${sql}`).all());
    return simple ? Object.values(rows[0] ?? {})[0] : rows;
  }

  close(): void {
    if (this.open) said(() => this.#db.close());
  }
}

class NodeStatement implements Statement<Given[]> {
  readonly #statement: StatementSync;

  constructor(statement: StatementSync) {
    // As better-sqlite3: an object may hold more than the statement names.
    statement.setAllowUnknownNamedParameters(true);
    this.#statement = statement;
  }

  run(...bound: Given[]): { changes: number } {
    return said(() => ({ changes: Number(this.#statement.run(names(bound), ...places(bound)).changes) }));
  }

  get(...bound: Given[]): unknown {
    return said(() => this.#statement.get(names(bound), ...places(bound)));
  }

  all(...bound: Given[]): unknown[] {
    return said(() => this.#statement.all(names(bound), ...places(bound)));
  }
}

/** A value for a place in a statement, or an object with values by name. */
type Given = Place | Readonly<Record<string, Place>>;
type Place = null | number | string | undefined;

// What is not given is NULL, as it is for better-sqlite3; Node refuses it.

function names([first]: readonly Given[]): Record<string, SQLInputValue> {
  if (typeof first !== "object" || first === null) return {};
  return Object.fromEntries(Object.entries(first).map(([name, value]) => [name, value ?? null]));
}

function places(bound: readonly Given[]): SQLInputValue[] {
  return bound.flatMap((value) => (typeof value === "object" && value !== null ? [] : [value ?? null]));
}

/** Runs it; a failure of SQLite is thrown by SQLite's name. */
function said<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw nodeFailure(error);
  }
}
