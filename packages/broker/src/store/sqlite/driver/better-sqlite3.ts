/** The driver better-sqlite3: an addon with binaries in its package, for the platforms that it has one for. */
import type { Driver } from "./database.ts";
import { steadyPlan } from "./steady-plan.ts";

/** Loads the package and its addon. @throws why the system or Node did not load one of them */
export async function betterSqlite3(): Promise<Driver> {
  const { default: SqliteDatabase } = await import("better-sqlite3");
  // The addon is loaded with the first database, and not before.
  const first = new SqliteDatabase(":memory:");
  const row = first.prepare<[], { version: string }>("SELECT sqlite_version() AS version").get();
  first.close();
  return {
    name: "better-sqlite3",
    sqlite: row?.version ?? "",
    open: (path, options) => {
      const db = new SqliteDatabase(path, options);
      const prepare = db.prepare.bind(db);
      return Object.assign(db, { prepare: (sql: string) => prepare(steadyPlan(sql)) });
    },
  };
}
