/** The seam to the SQLite library: what the engine asks of an open database, whichever library reads the file. */

/** A prepared statement. Numbers of its rows are JavaScript's, and text is text: the engine stores nothing else. */
export interface Statement<Bound extends unknown[] = unknown[], Row = unknown> {
  run(...bound: Bound): { changes: number };
  get(...bound: Bound): Row | undefined;
  all(...bound: Bound): Row[];
}

/**
 * An open database. Failures are Errors whose `code` is SQLite's name for them, extended where the engine tells such
 * failures apart (`SQLITE_BUSY`, `SQLITE_IOERR_FSYNC`). What better-sqlite3 gives is one, but
 * for the statements it prepares.
 */
export interface Database {
  /** Path of the file. */
  readonly name: string;
  readonly open: boolean;
  readonly inTransaction: boolean;
  /** Bound by position, or by the names of an object, which may hold more. */
  prepare<Bound extends unknown[] | object = unknown[], Row = unknown>(
    sql: string,
  ): Bound extends unknown[] ? Statement<Bound, Row> : Statement<[Bound], Row>;
  exec(sql: string): unknown;
  /** Runs a pragma to its end; `simple` gives the first column of the first row. */
  pragma(sql: string, options?: { readonly simple: boolean }): unknown;
  close(): unknown;
}

/** A library that opens SQLite's files. */
export interface Driver {
  readonly name: DriverName;
  /** Version of the SQLite in it. */
  readonly sqlite: string;
  /** Opens a file; makes it, unless it is only read. Waits 5 s for another's lock until `busy_timeout` says else. */
  open(path: string, options?: { readonly readonly: boolean }): Database;
}

/** Name of a library, as it stands in settings and in the broker's status. */
export type DriverName = "better-sqlite3" | "node-sqlite";
