/** A table that an engine gets is moved to the other one, or is known to be of that engine alone. */
import { tempDir } from "testkit";
import { expect, test } from "vitest";
import { SqliteSide } from "../src/move/sqlite-side.ts";
import { OWN } from "../src/move/tables.ts";
import { migrations } from "../src/store/postgres/database/migrate.ts";
import { openDatabase } from "../src/store/sqlite/file/open.ts";
import { driver } from "./store/drivers.ts";

test("every table of both engines is moved, or is named as one engine's own", async () => {
  using home = tempDir();
  const open = { driver, folder: home.path, startEmpty: false, notice: () => {} };
  const { db } = openDatabase({ ...open, synchronous: "normal" });
  const ofSqlite = (await new SqliteSide(db, "sqlite").tables()).map(({ name }) => name);
  db.close();
  const ofPostgres = migrations.flatMap((sql) => [...sql.matchAll(/CREATE TABLE (\w+)/g)].map(([, name = ""]) => name));
  expect(ofPostgres.length).toBeGreaterThan(20);
  const alone = [
    ...ofSqlite.filter((name) => !ofPostgres.includes(name)),
    ...ofPostgres.filter((name) => !ofSqlite.includes(name)),
  ];
  expect(alone.filter((name) => !OWN.has(name))).toEqual([]);
});
