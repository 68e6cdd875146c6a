/** Looks at a lock: who has it is said, or why that cannot be known; a lock that cannot be looked at is not free. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "testkit";
import { expect, test } from "vitest";
import { FileLock } from "../src/node/index.ts";

test("nobody has a lock whose file is missing, empty, no database, or was given back", () => {
  using folder = tempDir();
  const at = (name: string) => join(folder.path, name);
  writeFileSync(at("empty"), "");
  writeFileSync(at("noise"), "x".repeat(5_000));
  FileLock.tryTake(at("given-back"))?.release();
  for (const name of ["missing", "empty", "noise", "given-back"]) {
    expect({ name, held: FileLock.isHeld(at(name)) }).toEqual({ name, held: false });
  }
});

test("a lock that cannot be looked at is refused, whatever the reason", () => {
  using folder = tempDir();
  const path = join(folder.path, "lock");
  mkdirSync(path);
  expect(() => FileLock.isHeld(path)).toThrow(/lock cannot be looked at: it is a folder.*\(EISDIR\)/);

  // A Node without SQLite knows nothing of any lock.
  const lock = join(folder.path, "there");
  FileLock.tryTake(lock)?.release();
  const { getBuiltinModule } = process;
  Object.assign(process, { getBuiltinModule: () => undefined });
  try {
    expect(() => FileLock.isHeld(lock)).toThrow(/was built without SQLite/);
  } finally {
    Object.assign(process, { getBuiltinModule });
  }
});
