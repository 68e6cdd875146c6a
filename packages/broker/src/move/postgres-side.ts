/** A mesh in a database of Postgres, as rows. */
import * as z from "zod";
import { note, noted } from "../store/postgres/database/moved.ts";
import type { Connection, Value } from "../store/postgres/driver/database.ts";
import { MESH_PK } from "../store/postgres/migrations/0003-counts.ts";
import { vectorOf } from "../store/postgres/words.ts";
import { type Beside, type Cell, Identity, Lives, Numbers, quoted, Row, type TargetSide } from "./side.ts";
import type { Table } from "./tables.ts";

const Column = z.object({ table: z.string(), name: z.string(), type: z.string() });
const Constraint = z.object({
  table: z.string(),
  kind: z.string(),
  columns: z.array(z.string()),
  other: z.string().nullable(),
});

/** Kinds of columns that are numbers. */
const NUMBERS: ReadonlySet<string> = new Set(["bigint", "smallint", "integer"]);

const COLUMNS = `
  SELECT table_name AS table, column_name AS name, data_type AS type FROM information_schema.columns
  WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position`;

const CONSTRAINTS = `
  SELECT c.conrelid::regclass::TEXT AS table, c.contype::TEXT AS kind, c.confrelid::regclass::TEXT AS other,
    ARRAY(SELECT a.attname::TEXT FROM unnest(c.conkey) WITH ORDINALITY k (n, place)
          JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.place) AS columns
  FROM pg_constraint c WHERE c.connamespace = current_schema()::regnamespace AND c.contype IN ('p', 'f')`;

/** Over a connection within a transaction. */
export class PostgresSide implements TargetSide {
  readonly name: string;
  readonly #db: Connection;
  #tables: readonly Table[] | undefined;

  constructor(db: Connection, name: string) {
    this.#db = db;
    this.name = name;
  }

  /** Empties it, and has triggers rest: what they would count is copied. */
  async clear(): Promise<void> {
    const names = (await this.tables()).map(({ name }) => name).filter((name) => !KEPT.has(name));
    await this.#db.script(`TRUNCATE ${names.map(quoted).join(", ")} RESTART IDENTITY`);
    for (const name of names) await this.#db.script(`ALTER TABLE ${quoted(name)} DISABLE TRIGGER USER`);
  }

  async tables(): Promise<readonly Table[]> {
    this.#tables ??= await this.#readTables();
    return this.#tables;
  }

  async #readTables(): Promise<readonly Table[]> {
    const columns = z.array(Column).parse(await this.#db.all(COLUMNS));
    const constraints = z.array(Constraint).parse(await this.#db.all(CONSTRAINTS));
    const names = [...new Set(columns.map(({ table }) => table))];
    return names.map((name) => {
      const own = constraints.filter(({ table }) => table === name);
      return {
        name,
        columns: new Map(
          columns
            .filter(({ table }) => table === name)
            .map((each) => [each.name, NUMBERS.has(each.type) ? "number" : each.type === "text" ? "text" : "other"]),
        ),
        key: own.find(({ kind }) => kind === "p")?.columns ?? [],
        refersTo: own.flatMap(({ kind, other }) => (kind === "f" && other !== null ? [other] : [])),
      };
    });
  }

  async rows(
    { name, key }: Table,
    columns: readonly string[],
    after: readonly Cell[] | undefined,
    limit: number,
  ): Promise<Cell[][]> {
    const order = key.map(quoted).join(", ");
    const behind = after === undefined ? "" : `WHERE (${order}) > (${after.map((_, n) => `$${n + 1}`).join(", ")})`;
    const sql = `SELECT ${columns.map(quoted).join(", ")} FROM ${quoted(name)} ${behind} ORDER BY ${order} LIMIT ${limit}`;
    const rows = z.array(Row).parse(await this.#db.all(sql, after));
    return rows.map((row) => columns.map((column) => row[column] ?? null));
  }

  async put(table: Table, columns: readonly string[], rows: readonly (readonly Cell[])[]): Promise<void> {
    const kinds = columns.map((column) => table.columns.get(column));
    const lists = kinds.map((kind, n) => (kind === "number" ? numbersOf(rows, n) : textsOf(rows, n)));
    const given = kinds.map((kind, n) => `$${n + 1}::${kind === "number" ? "BIGINT" : "TEXT"}[]`);
    await this.#db.run(
      `INSERT INTO ${quoted(table.name)} (${columns.map(quoted).join(", ")}) OVERRIDING SYSTEM VALUE
       SELECT * FROM unnest(${given.join(", ")})`,
      lists,
    );
    if (table.name === "message") await this.#putWords(columns, rows);
  }

  async #putWords(columns: readonly string[], rows: readonly (readonly Cell[])[]): Promise<void> {
    const [pk, body] = [columns.indexOf("pk"), columns.indexOf("body")];
    const vectors = rows.map((row) => vectorOf(String(row[body] ?? "")));
    await this.#db.run(
      `INSERT INTO message_words (message_pk, words) SELECT pk, words::TSVECTOR FROM unnest($1::BIGINT[], $2::TEXT[]) w (pk, words)`,
      [numbersOf(rows, pk), vectors],
    );
  }

  async beside(): Promise<Beside> {
    return { identity: await this.#identity(), numbers: await this.#numbers(), lives: await this.#lives() };
  }

  async meshKey(): Promise<number> {
    return MESH_PK;
  }

  async newestAgent(): Promise<number> {
    return (await this.#one("SELECT MAX(pk) AS pk FROM agent", z.object({ pk: z.int() }))).pk;
  }

  meshKeyBehind(): number {
    return MESH_PK;
  }

  async finish({ identity, numbers, lives }: Beside): Promise<void> {
    const { message, timeline, event, audit, forgotten, letGo, letGoUntil } = numbers;
    const run = (sql: string, values: readonly Value[] = []) => this.#db.run(sql, values);
    await run("UPDATE mesh SET instance_id = $1, epoch = $2", [identity.instanceId, identity.epoch]);
    await run("UPDATE counter SET message = $1, timeline = $2, event = $3, audit = $4, forgotten = $5", [
      ...[message, timeline, event, audit, forgotten],
    ]);
    await run("UPDATE let_go SET messages = $1, until = $2", [letGo, letGoUntil]);
    // What this engine does not use is kept for the way back.
    await note(this.#db, "lives", lives.lives.length > 0 ? JSON.stringify(lives) : undefined);
    for (const { name, key } of await this.tables()) {
      if (KEPT.has(name)) continue;
      await this.#db.script(`ALTER TABLE ${quoted(name)} ENABLE TRIGGER USER`);
      const [only = ""] = key;
      const at = await this.#one(
        `SELECT pg_get_serial_sequence($1, $2) AS at`,
        z.object({ at: z.string().nullable() }),
        [...[quoted(name), only]],
      );
      if (at.at === null) continue;
      await run(`SELECT setval($1::regclass, GREATEST((SELECT MAX(${quoted(only)}) FROM ${quoted(name)}), 1))`, [
        at.at,
      ]);
    }
  }

  #identity(): Promise<Identity> {
    return this.#one(`SELECT instance_id AS "instanceId", epoch FROM mesh`, Identity);
  }

  #numbers(): Promise<Numbers> {
    return this.#one(
      `SELECT c.message, c.timeline, c.event, c.audit, c.forgotten, l.messages AS "letGo", l.until AS "letGoUntil"
       FROM counter c, let_go l`,
      Numbers,
    );
  }

  async #lives(): Promise<Lives> {
    const kept = await noted(this.#db, "lives");
    return kept === undefined ? { lives: [], gaps: [] } : Lives.parse(JSON.parse(kept));
  }

  async #one<T>(sql: string, row: z.ZodType<T>, values: readonly Value[] = []): Promise<T> {
    return row.parse(await this.#db.get(sql, values));
  }
}

/** What a move does not empty: it is set anew, or of the database alone. */
const KEPT: ReadonlySet<string> = new Set(["mesh", "counter", "let_go", "migration", "moved", "broker", "duty"]);

function numbersOf(rows: readonly (readonly Cell[])[], n: number): (number | null)[] {
  return rows.map((row) => {
    const cell = row[n] ?? null;
    if (typeof cell === "string") throw new TypeError("a text stands where a number belongs");
    return cell;
  });
}

function textsOf(rows: readonly (readonly Cell[])[], n: number): (string | null)[] {
  return rows.map((row) => {
    const cell = row[n] ?? null;
    return cell === null ? null : String(cell);
  });
}
