/** A build of ours in a checkout: its programs, and which commit they are of. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** A checkout in which `pnpm build` was run. */
export interface Build {
  readonly folder: string;
  /** The commit, with `+` where files differ from it. */
  readonly commit: string;
  /** The entry file of a program. */
  program(name: "broker" | "mcp" | "cli"): string;
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
  return { folder, commit: git("rev-parse", "--short", "HEAD") + changed, program };
}
