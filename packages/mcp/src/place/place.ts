/** Where an agent works: directory, git repository and branch, and what an agent there is called. */
import { basename } from "node:path";
import { type AgentName, MAX_SUMMARY_CHARS, plainLine } from "@agentmesh/protocol";
import { nameAfter, nameInWorktree } from "./agent-name.ts";
import type { GitTerms } from "./git.ts";
import { repositoryAround } from "./repository.ts";

/** How long git may take before its files are read instead, in milliseconds: a tool call may wait for this. */
const WITHIN_MS = 600;

/** What the directory says of the agent in it. */
export interface Place {
  readonly directory: string;
  /** What all worktrees of the repository share: the top of the main one, or a bare repository's own folder. */
  readonly repo: string | undefined;
  /** The repository by its remote URL: the same on every machine. */
  readonly repoUrl: string | undefined;
  readonly branch: string | undefined;
  /** Name for an agent here. */
  readonly name: AgentName;
  /** Name of the repository, or of the directory. */
  readonly title: string;
  /** One line that says what an agent here works on, until it says so itself. */
  readonly summary: string;
}

/** Looks at the place. Never throws: what cannot be learnt in time is left out. */
export async function placeOf(directory: string, environment: GitTerms["environment"]): Promise<Place> {
  const repository = await repositoryAround({ directory, environment, withinMs: WITHIN_MS });
  const title = (repository?.name ?? basename(directory)) || "agent";
  const branch = repository?.branch;
  return {
    directory,
    repo: repository?.root,
    repoUrl: repository?.url,
    branch,
    name: repository?.linked === undefined ? nameAfter(title) : nameInWorktree(title, repository.linked),
    title,
    summary: plainLine(branch === undefined ? title : `${title}@${branch}`, MAX_SUMMARY_CHARS),
  };
}
