/** The drivers under test, loaded: all of them, and the one for tests that are not about drivers. */
import { betterSqlite3 } from "../../src/store/sqlite/driver/better-sqlite3.ts";
import type { Driver } from "../../src/store/sqlite/driver/database.ts";
import { nodeSqlite } from "../../src/store/sqlite/driver/node-sqlite.ts";

/** The first choice. */
export const driver: Driver = await betterSqlite3();

/** Every driver; what is true of the engine is true of it over each. */
export const drivers: readonly Driver[] = [driver, nodeSqlite()];
