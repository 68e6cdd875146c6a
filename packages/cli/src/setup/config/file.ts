/** Configuration files on disk: read whole, replaced whole, or written over where replacing would lose something. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { shellWord } from "../../terminal/shell-word.ts";
import { codeOf, onDisk, targetOf } from "./disk.ts";
import { ChangedMeanwhile, forgetRescues, writeInPlace, writeWhole } from "./in-place.ts";
import { ConfigRefusal } from "./refusal.ts";

/** Text of a file with its byte order mark; undefined when it is not there. @throws ConfigRefusal */
export function readConfig(path: string): string | undefined {
  const bytes = readBytes(path);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ConfigRefusal("it is not UTF-8. Save it as UTF-8, then run this again");
  }
}

/** Refuses a file that somebody made read-only: to replace it would need no leave but the folder's. @throws ConfigRefusal */
export function refuseReadOnly(path: string): void {
  onDisk("written", path, () => {
    const target = targetOf(path);
    const { mode, uid } = statSync(target);
    const own = process.geteuid?.() ?? uid;
    if ((mode & 0o222) === 0 && (own === uid || own === 0)) {
      const command = `chmod u+w ${shellWord(target, process.platform)}`;
      throw new ConfigRefusal(`it is read-only. If it may be changed: ${command}, then run this again`);
    }
    accessSync(target, constants.W_OK);
  });
}

/** What becomes of a file. */
export interface Change {
  readonly from: string | undefined;
  /** Undefined when it is to be gone. */
  readonly to: string | undefined;
  /** What it holds when it is to be gone and cannot go, as a mount of its own cannot. */
  readonly empty: string;
  /** Others may read a new one. */
  readonly shared: boolean;
}

/**
 * Replaces a file at once, or makes or removes it. Links and hard links stay, and so do mode, owner and access list: a file
 * that would lose one of them, or is a mount of its own, is written over instead. A new file is for its owner only unless
 * `shared`. @throws ChangedMeanwhile when it is no longer as it was, ConfigRefusal
 */
export function writeConfig(path: string, { from, to, empty, shared }: Change): "replaced" | "written over" {
  // What they hold would say nothing any more of what comes now.
  forgetRescues(path);
  const known = onDisk("written", path, () => statSync(targetOf(path), { throwIfNoEntry: false }));
  const stays = known !== undefined && from !== undefined && to !== undefined && losesByReplacing(path, known);
  if (!stays && replaced(path, { from, to, shared }, known)) return "replaced";
  writeInPlace(path, { from: from ?? "", to: to ?? empty });
  return "written over";
}

/** False when a file that is there can be written but not replaced. */
function replaced(path: string, { from, to, shared }: Omit<Change, "empty">, known: Stats | undefined): boolean {
  let draft: string | undefined;
  try {
    const target = targetOf(path);
    if (to !== undefined) {
      mkdirSync(dirname(target), { recursive: true });
      const name = join(dirname(target), `.${basename(target)}.${process.pid}.${randomBytes(4).toString("hex")}`);
      writeWhole(name, to, known === undefined && shared ? 0o666 : 0o600);
      draft = name;
      if (known !== undefined) chmodSync(draft, known.mode & 0o7777);
    }
    const now = readBytes(path);
    if (from === undefined ? now !== undefined : !now?.equals(Buffer.from(from))) throw new ChangedMeanwhile(path);
    // `rmSync` says nothing of the kind of an error.
    if (draft !== undefined) renameSync(draft, target);
    else if (known !== undefined) unlinkSync(target);
    return true;
  } catch (error) {
    if (error instanceof ChangedMeanwhile || error instanceof ConfigRefusal) throw error;
    if (known !== undefined && STAYS.has(codeOf(error))) return false;
    return onDisk("written", path, () => {
      throw error;
    });
  } finally {
    if (draft !== undefined) rmSync(draft, { force: true });
  }
}

/** What is said of a mount, of a folder in which one may make nothing, and of one on another device. */
const STAYS: ReadonlySet<string> = new Set(["EBUSY", "EXDEV", "EACCES", "EPERM", "EROFS"]);

/** Other names, another owner and an access list would go to the file that is replaced, not to the one that comes. */
function losesByReplacing(path: string, { nlink, uid, gid }: Stats): boolean {
  if (process.platform === "win32") return false;
  if (nlink > 1 || uid !== process.geteuid?.() || gid !== process.getegid?.()) return true;
  // Node does not tell of access lists; the eleventh letter does, on every Unix.
  const env = { LC_ALL: "C", PATH: "/usr/bin:/bin:/usr/sbin:/sbin" };
  const { stdout } = spawnSync("ls", ["-ld", "--", targetOf(path)], { encoding: "utf8", env });
  return /^.{10}[+@]/.test(stdout ?? "");
}

function readBytes(path: string): Buffer | undefined {
  return onDisk("read", path, () => {
    const target = targetOf(path);
    const known = statSync(target, { throwIfNoEntry: false });
    // To read a pipe is to wait for whoever writes into it.
    if (known !== undefined && !known.isFile() && !known.isDirectory()) {
      throw new ConfigRefusal("it is a pipe, a socket or a device. Put a file in its place, then run this again");
    }
    return known === undefined ? undefined : readFileSync(target);
  });
}
