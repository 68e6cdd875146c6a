/** The engine's statements: SQLite takes each of them, and a start prepares those alone that it runs. */
import { tempDir } from "testkit";
import { expect, test, vi } from "vitest";
import { PreparedWhenRun } from "../../src/store/sqlite/driver/when-first-run.ts";
import { openDatabase } from "../../src/store/sqlite/file/open.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { drivers } from "./drivers.ts";
import { fakeClock } from "./fake-clock.ts";

test.each(drivers)("$name takes every statement of the engine, and a start prepares few of them", async (driver) => {
  using folder = tempDir();
  const open = openDatabase({
    ...{ driver, folder: folder.path, synchronous: "full", startEmpty: false },
    notice: () => {},
  });
  const made = vi.spyOn(PreparedWhenRun.prototype, "prepare");
  const prepared = vi.spyOn(open.db, "prepare");
  const store = sqliteStore(open, fakeClock());
  const sources = made.mock.calls.map(([sql]) => sql);
  made.mockRestore();
  expect(sources.length).toBeGreaterThan(300);
  expect(prepared.mock.calls.length).toBeLessThan(40);
  for (const sql of sources) expect(() => open.db.prepare(sql), sql).not.toThrow();
  await store.close();
});
