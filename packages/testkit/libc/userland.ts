/** The userland of an older Debian in a folder, made of its own packages, and commands that run in it. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../..", import.meta.url));
/** A userland takes minutes to make and is kept: `AGENTMESH_OLD_USERLAND` names another one. */
const kept = process.env.AGENTMESH_OLD_USERLAND ?? join(root, "node_modules/.cache/agentmesh-debian-11");

/** Why there can be none here; undefined when there can. */
export function whyNoUserland(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "needs root on Linux";
  if (spawnSync("unshare", ["--mount", "true"]).status !== 0) return "needs mount namespaces";
  if (existsSync(join(kept, "bin/sh")) || spawnSync("debootstrap", ["--version"]).status === 0) return undefined;
  return "needs debootstrap: apt-get install debootstrap";
}

/** Makes it, unless it is there. */
export async function makeUserland(): Promise<void> {
  if (existsSync(join(kept, "bin/sh"))) return;
  mkdirSync(kept, { recursive: true });
  await run("debootstrap", ["--variant=minbase", "bullseye", kept], { maxBuffer: 1 << 26 });
}

/** The command that runs another one in it, with this repository, this Node and a state folder at their own paths. */
export function inUserland(home: string): string[] {
  const shared = [root, home].map((path) => `mkdir -p "$base${path}" && mount --bind '${path}' "$base${path}"`);
  const script = [
    `base='${kept}'`,
    ...shared,
    'mount -t proc proc "$base/proc"',
    'mount --rbind /dev "$base/dev"',
    'exec chroot "$base" "$0" "$@"',
  ];
  return ["unshare", "--mount", "sh", "-ec", script.join("\n")];
}
