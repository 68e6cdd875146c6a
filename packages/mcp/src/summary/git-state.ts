/** What git says of the work in a directory: commit subjects and names of changed files, never what is in them. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** How long git may take, in milliseconds: a summary is not worth more. */
const WITHIN_MS = 1_500;
const MOST_OUTPUT_BYTES = 4_194_304;

// A repository's own settings must not start programs here, and its index is not locked for this.
const CAREFULLY = ["--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false"];

const run = promisify(execFile);

/** The last commits and the changed files; `changed` is undefined when git did not say in time. */
export interface GitState {
  readonly subjects: readonly string[];
  readonly changed: readonly string[] | undefined;
}

/** Asks git. Never throws: what it does not say is left out. */
export async function gitState(directory: string, signal: AbortSignal): Promise<GitState> {
  const git = async (...args: string[]) => {
    const options = { cwd: directory, signal, timeout: WITHIN_MS, maxBuffer: MOST_OUTPUT_BYTES, windowsHide: true };
    return run("git", [...CAREFULLY, ...args], options).then(
      ({ stdout }) => stdout,
      () => undefined,
    );
  };
  const [log, status] = await Promise.all([
    git("log", "-5", "--format=%s"),
    git("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal"),
  ]);
  return {
    subjects: log?.split("\n").filter((subject) => subject !== "") ?? [],
    // Two letters of state and a blank stand before each name.
    changed: status?.split("\0").flatMap((entry) => (entry.length > 3 ? [entry.slice(3)] : [])),
  };
}
