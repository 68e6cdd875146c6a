/** Asks the git of this machine, within a time and without what a repository or the environment could make of it. */
import { execFile } from "node:child_process";

/** The variables of git that say how it is set up on this machine, and not which repository is meant. */
const KEPT = [
  "GIT_CEILING_DIRECTORIES",
  "GIT_CONFIG_GLOBAL",
  "GIT_CONFIG_NOSYSTEM",
  "GIT_CONFIG_SYSTEM",
  "GIT_DISCOVERY_ACROSS_FILESYSTEM",
  "GIT_EXEC_PATH",
];

const MOST_OUTPUT_BYTES = 4_194_304;

// A repository's own settings must not start programs here, and its index is not locked for this.
const CAREFULLY = ["--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false"];

/** Where git is asked, and how long it may take. */
export interface GitTerms {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly withinMs: number;
  readonly signal?: AbortSignal;
}

/** What git prints; undefined when it is not there, refuses, fails, or takes too long. Never throws. */
export async function askGit(terms: GitTerms, ...args: string[]): Promise<string | undefined> {
  const { directory, environment, withinMs, signal } = terms;
  return new Promise((resolve) => {
    // Beyond the time of its own, for a git that cannot even be ended, as one that waits for a network file system.
    const late = setTimeout(() => resolve(undefined), withinMs + 50);
    const options = {
      cwd: directory,
      env: withoutRepository(environment),
      timeout: withinMs,
      killSignal: "SIGKILL" as const,
      maxBuffer: MOST_OUTPUT_BYTES,
      windowsHide: true,
      ...(signal && { signal }),
    };
    const done = (said: string | undefined) => {
      clearTimeout(late);
      resolve(said);
    };
    try {
      execFile("git", [...CAREFULLY, ...args], options, (error, stdout) => done(error ? undefined : stdout));
    } catch {
      done(undefined);
    }
  });
}

/** A hook of git, or a shell that it has set up, names its repository: whoever is started there may work in another. */
function withoutRepository(environment: GitTerms["environment"]): Record<string, string | undefined> {
  const kept = Object.entries(environment).filter(
    ([name]) => !/^GIT_/i.test(name) || KEPT.includes(name.toUpperCase()),
  );
  return { ...Object.fromEntries(kept), GIT_TERMINAL_PROMPT: "0" };
}
