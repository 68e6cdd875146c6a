/** The log of the extension: a file beside Pi's own, because the terminal is Pi's. */
import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

const NAME = "agentmesh.log";

/** Of a file that has grown larger one earlier is kept, in bytes. */
const MAX_BYTES = 1024 * 1024;

/** Where the log is: in Pi's folder. */
export function logFile(env: Readonly<Record<string, string | undefined>>): string {
  return join(env.PI_CODING_AGENT_DIR || join(homedir(), ".pi", "agent"), NAME);
}

/** Writes a line. What cannot be written is lost: nobody waits for it, and there is nowhere to say so. */
export function writeLine(file: string, line: string): void {
  try {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) renameSync(file, `${file}.1`);
    mkdirSync(dirname(file), { recursive: true });
    appendFileSync(file, line, { mode: 0o600 });
  } catch {
    // a full disk, or a folder of somebody else
  }
}
