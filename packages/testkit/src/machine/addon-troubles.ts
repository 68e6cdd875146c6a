/** Ways in which better-sqlite3's addon does not load, made by mounts that only one command and its children see. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** One way. */
export interface AddonTrouble {
  readonly name: string;
  /** Prepares files in a folder of the test's and returns the shell commands that mount them. */
  mounts(folder: string): string;
  /** What the broker says of it. */
  readonly why: RegExp;
}

const fromBroker = createRequire(new URL("../../../broker/package.json", import.meta.url));
const parts = dirname(fromBroker.resolve("better-sqlite3/package.json"));
const prebuilds = join(parts, "prebuilds");
/** The file that is loaded on this machine, where it has glibc. */
const addon = join(prebuilds, `${process.platform}-${process.arch}.node`);

/** Whether mounts of its own can be had here: as root, or where users may have namespaces. */
export function canMount(): boolean {
  const tried =
    process.platform === "linux" && spawnSync("unshare", [...namespace(), "mount", "-t", "tmpfs", "x", "/mnt"]);
  return tried !== false && tried.status === 0;
}

/** The command that runs another one with these mounts. */
export function underMounts(mounts: string): string[] {
  return ["unshare", ...namespace(), "sh", "-c", `${mounts}\nexec "$0" "$@"`];
}

function namespace(): string[] {
  return process.getuid?.() === 0 ? ["--mount"] : ["--mount", "--map-root-user"];
}

/** Puts a file made from the addon's bytes in its place. */
function inPlace(make: (path: string, bytes: number) => void): AddonTrouble["mounts"] {
  return (folder) => {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, "spoilt.node");
    copyFileSync(addon, path);
    make(path, readFileSync(addon).length);
    return `mount --bind '${path}' '${addon}'`;
  };
}

const otherMachine = process.arch === "arm64" ? "x64" : "arm64";

/** All of them. */
export const addonTroubles: readonly AddonTrouble[] = [
  {
    name: "half of its file is missing",
    mounts: inPlace((path, bytes) => truncateSync(path, bytes / 2)),
    why: /it ended the broker each time it was loaded, as a damaged file does/,
  },
  {
    name: "the middle of its file is empty",
    mounts: inPlace((path, bytes) => {
      const content = readFileSync(addon);
      writeFileSync(path, content.fill(0, Math.round(bytes / 20), Math.round(bytes / 4)));
    }),
    why: /it ended the broker each time it was loaded, as a damaged file does/,
  },
  { name: "its file is empty", mounts: inPlace((path) => truncateSync(path, 0)), why: /file too short/ },
  {
    name: "its file is text",
    mounts: inPlace((path) => writeFileSync(path, "<html>404 Not Found</html>\n".repeat(1_000))),
    why: /invalid ELF header/,
  },
  {
    name: "its file is for another processor",
    mounts: inPlace((path) => copyFileSync(join(prebuilds, `linux-${otherMachine}.node`), path)),
    why: /cannot open shared object file|wrong ELF|invalid ELF/,
  },
  {
    name: "its file is for another libc",
    mounts: inPlace((path) => copyFileSync(join(prebuilds, `linuxmusl-${process.arch}.node`), path)),
    why: /libc\.musl.* cannot open shared object file/,
  },
  {
    name: "it stands on a mount without exec",
    mounts: () => `mount --bind '${parts}' '${parts}' && mount -o remount,bind,noexec '${parts}'`,
    why: /failed to map segment from shared object/,
  },
  {
    name: "there is none for this platform",
    mounts: () => `mount -t tmpfs none '${prebuilds}'`,
    why: /Cannot find module .*better_sqlite3\.node/,
  },
  {
    name: "its package is not installed",
    mounts: () => `mount -t tmpfs none '${parts}'`,
    why: /Cannot find (module|package) .*better-sqlite3/,
  },
];
