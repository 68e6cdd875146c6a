/** Where a path leads, and what is said when the disk or the system refuses. */
import { readlinkSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { shellWord } from "../../terminal/shell-word.ts";
import { ConfigRefusal } from "./refusal.ts";

/** Where a path leads in the end, though nothing may be there yet. @throws SystemError */
export function targetOf(path: string, depth = 0): string {
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

/** Does something with a file, and says what failed. @throws ConfigRefusal */
export function onDisk<T>(what: "read" | "written" | "backed up", path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof ConfigRefusal) throw error;
    const code = codeOf(error);
    throw new ConfigRefusal(`it cannot be ${what}: ${reasonOf(error, path)} (${code})`, { cause: error });
  }
}

/** Why the system refused something with a file, in words. */
export function reasonOf(error: unknown, path: string): string {
  const code = codeOf(error);
  if (code === "EACCES" || code === "EPERM") return forbidden(code, path);
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}

/** The system's name of an error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}

/** Whose it is says more than that one may not. */
function forbidden(code: string, path: string): string {
  const usual = "you may not; look at its owner and mode, and at those of its folder";
  const me = process.geteuid?.();
  try {
    const target = targetOf(path);
    const owner = statSync(target).uid;
    if (me === undefined) return usual;
    // What `sudo agentmesh setup` made for a person before it knew better, for example.
    if (owner !== me) {
      return `it belongs to ${owner === 0 ? "root" : `user ${owner}`}, and you are user ${me}. If it is to be yours: sudo chown ${me} ${shellWord(target, process.platform)}`;
    }
    if (code === "EPERM") {
      return `it is yours, but marked as not to be changed (lsattr shows i or a). If it may be changed: sudo chattr -i -a ${shellWord(target, process.platform)}`;
    }
    return usual;
  } catch {
    return usual;
  }
}

const reasons: Readonly<Record<string, string>> = {
  EROFS: "its file system is read-only; another program may manage this file",
  EISDIR: "a folder has its name",
  ENOTDIR: "a file stands where its folder should be",
  ENOSPC: "the disk is full",
  EDQUOT: "your share of the disk is used up",
  EFBIG: "it would become larger than a file may be here (ulimit -f)",
  EIO: "the disk fails",
  EBUSY: "it is a mount of its own, or in use",
  ETXTBSY: "it is in use",
  ELOOP: "its links lead in a circle",
  ENAMETOOLONG: "its name is too long here",
};
