/** Two databases of ours compared: each table of the first, row by row, over its columns. */
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import * as z from "zod";

/** A table of the first database beside the same of the second. */
export interface Compared {
  readonly table: string;
  readonly rows: number;
  readonly rowsThere: number;
  /** SHA-256 of all rows over the columns of the first, and the same of the second. */
  readonly hash: string;
  readonly hashThere: string;
}

const Name = z.object({ name: z.string() });
const Column = z.object({ name: z.string(), pk: z.int() });
/** Written by each start of itself. */
const OF_A_START: Readonly<Record<string, readonly string[]>> = { mesh: ["start"] };

/** Compares them; both are read only. */
export function compare(path: string, pathThere: string): Compared[] {
  const [here, there] = [path, pathThere].map((each) => new DatabaseSync(each, { readOnly: true }));
  if (!here || !there) throw new Error("two paths");
  try {
    const tables = z
      .array(Name)
      .parse(
        here
          .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'message_text%'",
          )
          .all(),
      );
    return tables.map(({ name: table }) => {
      const columns = z.array(Column).parse(here.prepare(`PRAGMA table_info(${table})`).all());
      const names = columns.map(({ name }) => name).filter((name) => !(OF_A_START[table] ?? []).includes(name));
      const keys = columns.filter(({ pk }) => pk > 0).map(({ name }) => name);
      const sql = `SELECT ${names.join()} FROM ${table} ORDER BY ${keys.join()}`;
      const [a, b] = [hashed(here, sql), hashed(there, sql)];
      return { table, rows: a.rows, rowsThere: b.rows, hash: a.hash, hashThere: b.hash };
    });
  } finally {
    here.close();
    there.close();
  }
}

function hashed(db: DatabaseSync, sql: string): { rows: number; hash: string } {
  const hash = createHash("sha256");
  let rows = 0;
  for (const row of db.prepare(sql).iterate()) {
    hash.update(`${JSON.stringify(row)}\n`);
    rows++;
  }
  return { rows, hash: hash.digest("hex") };
}

/** What SQLite says of a whole database, its schema, and how many messages a word finds. */
export function about(path: string): { readonly whole: string; readonly schema: number; readonly found: number } {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return z.object({ whole: z.string(), schema: z.int(), found: z.int() }).parse(
      db
        .prepare(
          `SELECT (SELECT integrity_check FROM pragma_integrity_check) AS whole, (SELECT user_version FROM pragma_user_version) AS schema,
             (SELECT COUNT(*) FROM message_text WHERE message_text MATCH 'word') AS found`,
        )
        .get(),
    );
  } finally {
    db.close();
  }
}
