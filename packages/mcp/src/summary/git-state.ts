/** What git says of the work in a directory: commit subjects and names of changed files, never what is in them. */
import { askGit, type GitTerms } from "../place/git.ts";

/** How long git may take, in milliseconds: a summary is not worth more. */
const WITHIN_MS = 1_500;

/** The last commits and the changed files; `changed` is undefined when git did not say in time. */
export interface GitState {
  readonly subjects: readonly string[];
  readonly changed: readonly string[] | undefined;
}

/** Asks git. Never throws: what it does not say is left out. */
export async function gitState(where: Omit<GitTerms, "withinMs">): Promise<GitState> {
  const terms = { ...where, withinMs: WITHIN_MS };
  const [log, status] = await Promise.all([
    askGit(terms, "log", "-5", "--format=%s"),
    askGit(terms, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal"),
  ]);
  return {
    subjects: log?.split("\n").filter((subject) => subject !== "") ?? [],
    // Two letters of state and a blank stand before each name.
    changed: status?.split("\0").flatMap((entry) => (entry.length > 3 ? [entry.slice(3)] : [])),
  };
}
