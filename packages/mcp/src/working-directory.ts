/** The directory that this program was started in, also when it was removed since. No module but Node's: hooks need it. */
import { readlinkSync } from "node:fs";
import { isAbsolute } from "node:path";

/** Path of the working directory. Where it is gone, what it was; where nobody knows, the root. Never throws. */
export function workingDirectory(env: Readonly<Record<string, string | undefined>>): string {
  try {
    return process.cwd();
  } catch {
    return formerDirectory() ?? (env.PWD !== undefined && isAbsolute(env.PWD) ? env.PWD : "/");
  }
}

/** Linux still knows the name of a directory that was removed under a process. */
function formerDirectory(): string | undefined {
  try {
    const path = readlinkSync("/proc/self/cwd");
    return isAbsolute(path) ? path.replace(/ \(deleted\)$/, "") : undefined;
  } catch {
    return undefined;
  }
}
