/** A mesh in a file of SQLite, as rows. */
import * as z from "zod";
import { MESH_AGENT_ID } from "../store/shared/rows/messages.ts";
import type { Database } from "../store/sqlite/driver/database.ts";
import { indexAllWords } from "../store/sqlite/file/search-index.ts";
import { type Beside, type Cell, Identity, Lives, Numbers, OF_THE_MESH, quoted, Row, type TargetSide } from "./side.ts";
import type { Table } from "./tables.ts";

const Name = z.object({ name: z.string() });
const Column = z.object({ name: z.string(), type: z.string(), pk: z.int() });
const Reference = z.object({ table: z.string() });

/** Over an open database, as a source; as a target, within a transaction of its own. */
export class SqliteSide implements TargetSide {
  readonly name: string;
  readonly #db: Database;

  constructor(db: Database, name: string) {
    this.#db = db;
    this.name = name;
  }

  /** Runs `act` as one transaction, in which triggers rest: what they would count is copied. */
  async written<T>(act: () => Promise<T>): Promise<T> {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const triggers = this.#all(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'",
        Name.extend({ sql: z.string() }),
      );
      for (const { name } of triggers) this.#db.exec(`DROP TRIGGER ${quoted(name)}`);
      const result = await act();
      for (const { sql } of triggers) this.#db.exec(sql);
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  async tables(): Promise<readonly Table[]> {
    const names = this.#all(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'message\\_text%' ESCAPE '\\'
       ORDER BY name`,
      Name,
    );
    return names.map(({ name }) => {
      const columns = this.#all(`PRAGMA table_info(${quoted(name)})`, Column);
      return {
        name,
        columns: new Map(columns.map((each) => [each.name, each.type === "INTEGER" ? "number" : "text"])),
        key: columns
          .filter(({ pk }) => pk > 0)
          .sort((a, b) => a.pk - b.pk)
          .map((each) => each.name),
        refersTo: this.#all(`PRAGMA foreign_key_list(${quoted(name)})`, Reference).map(({ table }) => table),
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
    const behind = after === undefined ? "" : `WHERE (${order}) > (${after.map(() => "?").join(", ")})`;
    const sql = `SELECT ${columns.map(quoted).join(", ")} FROM ${quoted(name)} ${behind} ORDER BY ${order} LIMIT ?`;
    const rows = z.array(Row).parse(this.#db.prepare(sql).all(...(after ?? []), limit));
    return rows.map((row) => columns.map((column) => row[column] ?? null));
  }

  async put({ name }: Table, columns: readonly string[], rows: readonly (readonly Cell[])[]): Promise<void> {
    const places = columns.map(() => "?").join(", ");
    const insert = this.#db.prepare(
      `INSERT INTO ${quoted(name)} (${columns.map(quoted).join(", ")}) VALUES (${places})`,
    );
    for (const row of rows) insert.run(...row);
  }

  async beside(): Promise<Beside> {
    return { identity: this.#identity(), numbers: this.#numbers(), lives: this.#lives(await this.meshKey()) };
  }

  /** Its row is made with its first notice; every other engine has it from the beginning. */
  async meshKey(): Promise<number> {
    this.#db
      .prepare(
        `INSERT INTO agent (id, name, token_hash, profile, registered_at, removed_at)
         VALUES (?, 'mesh', 'nobody', '{}', 0, 0) ON CONFLICT DO NOTHING`,
      )
      .run(MESH_AGENT_ID);
    return this.#one(`SELECT pk FROM agent WHERE id = '${MESH_AGENT_ID}'`, z.object({ pk: z.int() })).pk;
  }

  async newestAgent(): Promise<number> {
    return this.#one("SELECT MAX(pk) AS pk FROM agent", z.object({ pk: z.int() })).pk;
  }

  meshKeyBehind(newest: number): number {
    return newest + 1;
  }

  async finish({ identity, numbers, lives }: Beside, meshKey: number): Promise<void> {
    const run = (sql: string, ...values: readonly Cell[]) => this.#db.prepare(sql).run(...values);
    run("UPDATE mesh SET instance_id = ?, epoch = ?, start = ''", identity.instanceId, identity.epoch);
    for (const table of ["message", "timeline", "event", "audit"] as const) {
      run("DELETE FROM sqlite_sequence WHERE name = ?", table);
      run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", table, numbers[table]);
    }
    run("UPDATE forgotten SET until_pk = ?", numbers.forgotten);
    run(
      `UPDATE kept SET let_go = ?, let_go_until = ?, messages = (SELECT IFNULL(SUM(messages), 0) FROM keeping),
         bytes = (SELECT IFNULL(SUM(bytes), 0) FROM keeping)`,
      numbers.letGo,
      numbers.letGoUntil,
    );
    run(
      `UPDATE tally SET n = CASE what
         WHEN 'present' THEN (SELECT COUNT(*) FROM agent WHERE removed_at IS NULL AND archived_at IS NULL)
         WHEN 'archived' THEN (SELECT COUNT(*) FROM agent WHERE removed_at IS NULL AND archived_at IS NOT NULL)
         ELSE (SELECT COUNT(*) FROM delivery WHERE state = what) END`,
    );
    for (const row of lives.lives) run("INSERT INTO life (first, began_at, lost_since) VALUES (?, ?, ?)", ...row);
    for (const [agent, first, behind] of lives.gaps) {
      const key = agent === OF_THE_MESH ? meshKey : agent;
      run("INSERT INTO gap (agent_pk, first, behind) VALUES (?, ?, ?)", key, first, behind);
    }
    indexAllWords(this.#db);
  }

  #identity(): Identity {
    return this.#one("SELECT instance_id AS instanceId, epoch FROM mesh", Identity);
  }

  #numbers(): Numbers {
    const last = (table: string) => `COALESCE((SELECT seq FROM sqlite_sequence WHERE name = '${table}'), 0)`;
    return this.#one(
      `SELECT ${last("message")} AS message, ${last("timeline")} AS timeline, ${last("event")} AS event,
         ${last("audit")} AS audit, COALESCE((SELECT until_pk FROM forgotten), 0) AS forgotten,
         k.let_go AS letGo, k.let_go_until AS letGoUntil FROM kept k`,
      Numbers,
    );
  }

  #lives(meshKey: number): Lives {
    return Lives.parse({
      lives: this.#all("SELECT first, began_at, lost_since FROM life ORDER BY first", Row).map(Object.values),
      gaps: this.#all(
        `SELECT CASE agent_pk WHEN ${meshKey} THEN ${OF_THE_MESH} ELSE agent_pk END AS agent, first, behind FROM gap
         ORDER BY agent, first`,
        Row,
      ).map(Object.values),
    });
  }

  #all<T>(sql: string, row: z.ZodType<T>): T[] {
    return z.array(row).parse(this.#db.prepare(sql).all());
  }

  #one<T>(sql: string, row: z.ZodType<T>): T {
    return row.parse(this.#db.prepare(sql).get());
  }
}
