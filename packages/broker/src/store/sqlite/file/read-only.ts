/** A look into a database that changes nothing: neither the file, nor its log, nor what stands beside it. */
import { existsSync, rmSync } from "node:fs";
import type { Database, Driver } from "../driver/database.ts";
import { besideOf } from "./first-start.ts";

/** Opens a database to be read, for as long as the act takes. */
export function readOnly<T>(driver: Driver, path: string, act: (db: Database) => T): T {
  const made = besideOf(path).filter((each) => !existsSync(each));
  let db: Database | undefined;
  try {
    // Read-only: a look at a damaged database must not write its log back into it.
    db = driver.open(path, { readonly: true });
    return act(db);
  } finally {
    db?.close();
    // A look at a database in WAL mode leaves an empty log and its index behind.
    for (const each of made) rmSync(each, { force: true });
  }
}
