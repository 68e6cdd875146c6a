/** How SQLite means to go about a statement. */
import type { Database } from "../../src/store/sqlite/driver/database.ts";

/** The steps of a statement's query plan, joined by `; `. What its terms are makes no difference. */
export function planOf(db: Database, sql: string): string {
  const named = [...sql.matchAll(/:([a-zA-Z]+)/g)].map(([, name = ""]) => [name, 1] as const);
  const values = named.length > 0 ? [Object.fromEntries(named)] : (sql.match(/\?/g) ?? []).map(() => 1);
  const steps = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
  return steps.map(({ detail }) => detail).join("; ");
}
