/** The drivers under test, loaded: all of them, those of a run, and the one for tests that are not about drivers. */
import { thorough } from "testkit";
import { betterSqlite3 } from "../../src/store/sqlite/driver/better-sqlite3.ts";
import type { Driver } from "../../src/store/sqlite/driver/database.ts";
import { nodeSqlite } from "../../src/store/sqlite/driver/node-sqlite.ts";

/** The first choice. */
export const driver: Driver = await betterSqlite3();

/** Every driver; what is true of the engine is true of it over each. */
export const drivers: readonly Driver[] = [driver, nodeSqlite()];

/** Those over which the whole engine is tried: the first choice in `pnpm test`, the others in `pnpm test:thorough`. */
export const driversOfRun: readonly Driver[] = drivers.filter((each) => (each === driver) !== thorough);
