/** Failures of Node's own SQLite under the names that SQLite gives its result codes. */

/** SQLite could not do what it was asked to. */
export class SqliteFailure extends Error {
  override readonly name = "SqliteFailure";
  readonly code: string;

  constructor(message: string, code: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** SQLite's primary result codes, in the order of their numbers. */
const PRIMARY = [
  ..."OK ERROR INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR CORRUPT NOTFOUND FULL CANTOPEN".split(
    " ",
  ),
  ..."PROTOCOL EMPTY SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS AUTH FORMAT RANGE NOTADB NOTICE WARNING".split(" "),
];

/** Extended codes that the engine tells from their primary one: a primary code and 256 times a number. */
const EXTENDED = new Map([
  [10 + 256 * 3, "IOERR_WRITE"],
  [10 + 256 * 4, "IOERR_FSYNC"],
  [10 + 256 * 5, "IOERR_DIR_FSYNC"],
  [10 + 256 * 19, "IOERR_SHMSIZE"],
  [11 + 256 * 1, "CORRUPT_VTAB"],
]);

/** What Node threw, with SQLite's name for it as `code`; anything that is no failure of SQLite unchanged. */
export function nodeFailure(error: unknown): unknown {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return error;
  const number = error.errcode;
  const name = EXTENDED.get(number) ?? PRIMARY[number & 0xff] ?? String(number);
  return new SqliteFailure(error.message, `SQLITE_${name}`, error);
}
