/** Where a path leads, and what is said when the disk or the system refuses. */
import { readlinkSync, realpathSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { refusalReason } from "@agentmesh/client/node";
import { systemRefusal } from "@agentmesh/protocol";
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
    throw new ConfigRefusal(`it cannot be ${what}: ${reasonOf(error, path)}`, { cause: error });
  }
}

/** Why the system refused something with a file, its code, and what to do; goes on a sentence and is without its end. */
export function reasonOf(error: unknown, path: string): string {
  const refusal = systemRefusal(error);
  if (!refusal) return `${error instanceof Error ? error.message : String(error)} (${codeOf(error)})`;
  const said = refusalReason(refusal, { path: refusal.path ?? leadsTo(path) });
  const { cause, remedy } = said.cause === refusal.cause ? (reasons[refusal.code] ?? said) : said;
  return `${cause} (${refusal.code}). ${remedy.replace(/\.$/, "")}`;
}

function leadsTo(path: string): string {
  try {
    return targetOf(path);
  } catch {
    return path;
  }
}

/** The system's name of an error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}

/** What is special about a file that is somebody's configuration. */
const reasons: Readonly<Record<string, { readonly cause: string; readonly remedy: string }>> = {
  EFBIG: {
    cause: "it would become larger than a file may be here",
    remedy: "Raise the limit (ulimit -f), then run this again",
  },
  EBUSY: {
    cause: "it is a mount of its own, or in use",
    remedy: "End what uses it (fuser, findmnt), then run this again",
  },
};
