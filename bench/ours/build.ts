/** A build of ours in a checkout: its programs, and which commit they are of. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, tempDir } from "testkit";

/** A checkout in which `pnpm build` was run. */
export interface Build {
  readonly folder: string;
  /** The commit, with `+` where files differ from it. */
  readonly commit: string;
  /** The entry file of a program. */
  program(name: "broker" | "mcp" | "cli"): string;
  /** What Node is given to run Claude Code's hook, as this build's `agentmesh setup` writes it. */
  hookArgs(): string[];
}

/** Finds it. @throws when the programs are not there */
export function buildAt(folder: string): Build {
  const program = (name: string) => join(folder, "packages", name, "dist/main.js");
  for (const name of ["broker", "mcp", "cli"]) {
    if (!existsSync(program(name)))
      throw new Error(`${program(name)} is not there: run npx -y pnpm@12 build in ${folder}`);
  }
  const git = (...args: string[]) => execFileSync("git", ["-C", folder, ...args], { encoding: "utf8" }).trim();
  const changed = git("status", "--porcelain", "--untracked-files=no", "--", "packages") === "" ? "" : "+";
  return { folder, commit: git("rev-parse", "--short", "HEAD") + changed, program, hookArgs };

  function hookArgs(): string[] {
    const home = tempDir();
    // So it is found: builds have had several names for it.
    mkdirSync(join(home.path, ".claude"));
    const env = cleanEnv({ HOME: home.path, AGENTMESH_HOME: join(home.path, ".agentmesh") });
    const args = [program("cli"), "setup", "--dry-run"];
    // Builds differ in how they exit when there is a difference.
    const { stdout: written } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
    home[Symbol.dispose]();
    const [, command] = /"command": "([^"]+ hook claude) --by-setup"/.exec(written) ?? [];
    if (command === undefined)
      throw new Error(`${folder} writes no hook, or in words that are not known here:\n${written}`);
    return command.split(" ").slice(1);
  }
}
