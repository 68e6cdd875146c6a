/** A new version over the database of an older one, as a person meets it: `agentmesh up`, what it says, and the way back. */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, runProgram, tempDir } from "testkit";
import { expect, test } from "vitest";
import { nodeSqlite } from "../../broker/src/store/sqlite/driver/node-sqlite.ts";
import { listBackups } from "../../broker/src/store/sqlite/file/backups.ts";
import { migrations } from "../../broker/src/store/sqlite/file/migrate.ts";
import { makeOlderDatabase } from "../../broker/test/store/older-database.ts";

const OLD = 2;
const NEW = migrations.length;

/** A state folder with the database of an older version, and the command line over it. */
function olderMesh() {
  const folder = tempDir();
  const home = join(folder.path, "mesh");
  mkdirSync(home, { mode: 0o700 });
  // Ids as clients take them.
  makeOlderDatabase(nodeSqlite(), home, OLD, Date.now(), "UPDATE agent SET id = printf('agt_%032x', pk)");
  const env = { AGENTMESH_HOME: home, AGENTMESH_BALLAST_BYTES: "0" };
  const cli = (args: readonly string[], more: Record<string, string> = {}) =>
    runProgram("cli", args, { env: cleanEnv({ ...env, ...more }) });
  return {
    home,
    cli,
    async [Symbol.asyncDispose]() {
      await cli(["down"]);
      folder[Symbol.dispose]();
    },
  };
}

test("up says that the database was migrated and where it is as it was, status lists the copy, and it can be put back", async () => {
  await using mesh = olderMesh();
  const { home, cli } = mesh;
  const up = await cli(["up"]);
  expect([up.code, up.stderr]).toEqual([0, ""]);
  expect(up.stdout).toMatch(
    new RegExp(
      `database +was brought from schema ${OLD} to ${NEW} at this start; as it was before: .*backups.schema-${OLD}-`,
    ),
  );
  expect((await cli(["up"])).stdout, "a broker that runs already migrates nothing").not.toContain("schema");
  const status = await cli(["status"]);
  expect([status.code, status.stderr]).toEqual([0, ""]);
  expect(status.stdout).toMatch(
    new RegExp(`backups +.*backups.schema-${OLD}-.*\\.db, .* KiB, of schema ${OLD}, .* old`),
  );
  expect((await cli(["down"])).code).toBe(0);

  // As docs/operations.md says it.
  const [copy] = listBackups(home);
  mkdirSync(join(home, "aside"));
  for (const name of readdirSync(home).filter((each) => each.startsWith("mesh.db"))) {
    renameSync(join(home, name), join(home, "aside", name));
  }
  copyFileSync(copy?.path ?? "", join(home, "mesh.db"));
  chmodSync(join(home, "mesh.db"), 0o600);
  const again = await cli(["up"]);
  expect([again.code, again.stderr]).toEqual([0, ""]);
  expect((await cli(["status"])).stdout).toContain("2 queued");
});

test("where no copy can be made, up says why and what to do, changes nothing, and does as it said", async () => {
  await using mesh = olderMesh();
  const { home, cli } = mesh;
  const before = readFileSync(join(home, "mesh.db"));
  writeFileSync(join(home, "backups"), "in the place of the folder");
  const { code, stderr } = await cli(["up"]);
  expect(code).not.toBe(0);
  expect(stderr).toContain(`is to be brought from schema ${OLD} to ${NEW}`);
  expect(stderr).toMatch(
    /Nothing was changed: the version before opens it as it is.*AGENTMESH_NO_BACKUP=true agentmesh up/,
  );
  expect(readFileSync(join(home, "mesh.db")).equals(before)).toBe(true);
  const without = await cli(["up"], { AGENTMESH_NO_BACKUP: "true" });
  expect([without.code, without.stderr]).toEqual([0, ""]);
  expect(without.stdout).toContain(`was brought from schema ${OLD} to ${NEW} at this start`);
});

test("a version before refuses the database of a newer one, and names the copy that it can open", async () => {
  await using mesh = olderMesh();
  const { home, cli } = mesh;
  expect((await cli(["up"])).code).toBe(0);
  expect((await cli(["down"])).code).toBe(0);
  const db = nodeSqlite().open(join(home, "mesh.db"));
  db.pragma(`user_version = ${NEW + 1}`);
  db.close();
  const { code, stderr } = await cli(["up"]);
  expect(code).not.toBe(0);
  expect(stderr).toContain(
    `has schema ${NEW + 1}; this broker knows schemas up to ${NEW}. Run a newer agentmesh-broker.`,
  );
  expect(stderr).toContain(listBackups(home)[0]?.path);
  expect(stderr).toContain("exit code 5");
});
