/** Configuration files on disk: read whole, replaced whole. */
import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { ConfigRefusal } from "./refusal.ts";

/** A file changed between being read and being replaced. */
export class ChangedMeanwhile extends Error {
  override readonly name = "ChangedMeanwhile";
}

/** Text of a file with its byte order mark; undefined when it is not there. @throws ConfigRefusal */
export function readConfig(path: string): string | undefined {
  const bytes = onDisk("read", () => {
    const target = targetOf(path);
    const known = statSync(target, { throwIfNoEntry: false });
    // To read a pipe is to wait for whoever writes into it.
    if (known !== undefined && !known.isFile() && !known.isDirectory()) {
      throw new ConfigRefusal("it is a pipe, a socket or a device. Put a file in its place, then run this again");
    }
    return known === undefined ? undefined : readFileSync(target);
  });
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ConfigRefusal("it is not UTF-8. Save it as UTF-8, then run this again");
  }
}

/** Refuses a file that somebody made read-only: to replace it would need no leave but the folder's. @throws ConfigRefusal */
export function refuseReadOnly(path: string): void {
  onDisk("written", () => {
    const target = targetOf(path);
    if ((statSync(target).mode & 0o222) === 0) {
      throw new ConfigRefusal("it is read-only. If it may be changed: chmod u+w, then run this again");
    }
    accessSync(target, constants.W_OK);
  });
}

/**
 * Replaces a file at once, or makes or removes it. Links stay links, mode and owner stay; a new file is for its owner
 * only unless `shared`. @throws ChangedMeanwhile when it is no longer as it was, ConfigRefusal
 */
export function writeConfig(
  path: string,
  change: { readonly from: string | undefined; readonly to: string | undefined; readonly shared: boolean },
): void {
  const draft = onDisk("written", () => {
    const target = targetOf(path);
    if (change.to === undefined) return undefined;
    mkdirSync(dirname(target), { recursive: true });
    const known = statSync(target, { throwIfNoEntry: false });
    const name = join(dirname(target), `.${basename(target)}.${process.pid}.${randomBytes(4).toString("hex")}`);
    writeWhole(name, change.to, known === undefined && change.shared ? 0o666 : 0o600);
    if (known !== undefined) likeBefore(name, known);
    return { name, target };
  });
  try {
    if (readConfig(path) !== change.from) throw new ChangedMeanwhile(path);
    onDisk("written", () => {
      if (draft === undefined) rmSync(targetOf(path), { force: true });
      else renameSync(draft.name, draft.target);
    });
  } finally {
    if (draft !== undefined) rmSync(draft.name, { force: true });
  }
}

/** Where a path leads in the end, though nothing may be there yet. */
function targetOf(path: string, depth = 0): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT" || depth > 8) throw error;
    try {
      return targetOf(resolve(dirname(path), readlinkSync(path)), depth + 1);
    } catch (inner) {
      if (["EINVAL", "ENOENT"].includes(codeOf(inner))) return path;
      throw inner;
    }
  }
}

/** Writes a file that must not be there yet, down to the disk. */
export function writeWhole(path: string, text: string, mode: number): void {
  const file = openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, mode);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function likeBefore(draft: string, { mode, uid, gid }: { mode: number; uid: number; gid: number }): void {
  if (process.getuid?.() === 0) chownSync(draft, uid, gid);
  chmodSync(draft, mode & 0o7777);
}

/** Does something with a file, and says what failed. @throws ConfigRefusal */
export function onDisk<T>(what: "read" | "written" | "backed up", act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof ConfigRefusal) throw error;
    const code = codeOf(error);
    const why = reasons[code] ?? (error instanceof Error ? error.message : String(error));
    throw new ConfigRefusal(`it cannot be ${what}: ${why} (${code})`, { cause: error });
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "you may not; look at its owner and mode, and at those of its folder",
  EPERM: "you may not; look at its owner and mode, and at those of its folder",
  EROFS: "its file system is read-only; another program may manage this file",
  EISDIR: "a folder has its name",
  ENOTDIR: "a file stands where its folder should be",
  ENOSPC: "the disk is full",
  ELOOP: "its links lead in a circle",
};

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
