/** A database that is asked something else than the engine says: what a mutant of the engine's SQL is. */
import type { Connection, Database } from "../../../src/store/postgres/driver/database.ts";

/** Another text for a statement, or the same. */
export type Rewrite = (sql: string) => string;

/** The same database, asked otherwise; `rewriteOne` is called for each transaction. */
export function rewritten(db: Database, rewriteOne: () => Rewrite): Database {
  return {
    use: (act) =>
      db.use((connection) => {
        const rewrite = rewriteOne();
        const otherwise: Connection = {
          get: (sql, values) => connection.get(rewrite(sql), values),
          all: (sql, values) => connection.all(rewrite(sql), values),
          run: (sql, values) => connection.run(rewrite(sql), values),
          script: (sql) => connection.script(rewrite(sql)),
        };
        return act(otherwise);
      }),
    close: () => db.close(),
  };
}

/** Puts one text in the place of another, in the statements that have it. */
export function instead(of: string, there: string): Rewrite {
  return (sql) => sql.replace(of, there);
}
