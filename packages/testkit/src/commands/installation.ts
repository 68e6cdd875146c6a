/** The commands of this clone as an installation of their own: packages, the Node they run on, and a start file each. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { shellWord } from "@agentmesh/protocol";

/** The commands, and the package that has each. */
export const commands = {
  agentmesh: "agentmesh",
  "agentmesh-mcp": "agentmesh-mcp",
  "agentmesh-broker": "agentmesh-broker",
};

/** By this line a start file is known to be ours. */
const OURS = "# agentmesh: made by `pnpm commands` of a clone";

/** Where an installation is. */
export interface Places {
  /** Folder of the clone. */
  readonly clone: string;
  /** Folder of the installation; nothing else is kept in it. */
  readonly prefix: string;
  /** Folder of the start files, on PATH. */
  readonly bin: string;
}

/** What stands in the way of an installation, in a sentence for its user. */
export class InstallationError extends Error {}

/** Packs the built packages of the clone, installs them anew, and writes the start files. @throws InstallationError */
export function install({ clone, prefix, bin }: Places): void {
  const foreign = Object.keys(commands)
    .map((name) => join(bin, name))
    .filter((file) => existsSync(file) && !isOurs(file));
  if (foreign.length > 0) {
    throw new InstallationError(
      `${foreign.join(" and ")} ${foreign.length > 1 ? "are" : "is"} of something else, and stays. Move it away, or name another folder: --bin DIR`,
    );
  }
  if (existsSync(prefix) && !existsSync(join(modules(prefix), "agentmesh")) && readdirSync(prefix).length > 0) {
    throw new InstallationError(`${prefix} has files of something else. Name another folder: --prefix DIR`);
  }
  const draft = `${prefix}.${process.pid}.new`;
  try {
    installInto(draft, clone);
    const before = `${prefix}.${process.pid}.old`;
    if (existsSync(prefix)) renameSync(prefix, before);
    renameSync(draft, prefix);
    rmSync(before, { recursive: true, force: true });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  mkdirSync(bin, { recursive: true });
  for (const [name, from] of Object.entries(commands)) {
    const file = join(bin, name);
    const main = join(modules(prefix), from, "dist", "main.js");
    writeFileSync(file, `#!/bin/sh\n${OURS}\nexec ${shellWord(join(prefix, "bin", "node"))} ${shellWord(main)} "$@"\n`);
    chmodSync(file, 0o755);
  }
}

/** Removes the installation and its start files, and nothing else; says what it removed. */
export function remove({ prefix, bin }: Places): string[] {
  const files = Object.keys(commands)
    .map((name) => join(bin, name))
    .filter((file) => existsSync(file) && isOurs(file));
  const folders = [prefix].filter((folder) => existsSync(join(modules(folder), "agentmesh")));
  for (const path of [...files, ...folders]) rmSync(path, { recursive: true });
  return [...files, ...folders];
}

function installInto(folder: string, clone: string): void {
  const made = join(folder, "made");
  mkdirSync(made, { recursive: true });
  for (const name of ["protocol", "client", "broker", "mcp", "cli"]) {
    run("pnpm", ["pack", "--pack-destination", made], join(clone, "packages", name));
  }
  const packed = readdirSync(made).map((name) => `./${name}`);
  writeFileSync(join(made, "package.json"), '{ "private": true }\n');
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", ...packed], made);
  // Without a package.json beside them, as `npm install --global` leaves them: setup then names these paths.
  mkdirSync(join(folder, "lib"));
  renameSync(join(made, "node_modules"), modules(folder));
  rmSync(made, { recursive: true });
  // The commands go on to run when the clone, or the Node of the user's shell, is another one.
  mkdirSync(join(folder, "bin"));
  copyFileSync(process.execPath, join(folder, "bin", "node"));
}

const modules = (folder: string) => join(folder, "lib", "node_modules");

function run(command: string, args: readonly string[], cwd: string): void {
  const path = [dirname(process.execPath), process.env.PATH].join(":");
  try {
    execFileSync(command, args, { cwd, env: { ...process.env, PATH: path }, stdio: ["ignore", "ignore", "inherit"] });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new InstallationError(`${command} is not on PATH. Run it so: npx -y pnpm@12 commands`);
    }
    throw new InstallationError(
      `${command} ${args[0]} failed in ${cwd}; what it said stands above. Nothing was changed.`,
    );
  }
}

function isOurs(file: string): boolean {
  return readFileSync(file, "utf8").includes(OURS);
}
