/** Where an agent works: directory, git repository and branch, read from files without starting git. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type AgentName, MAX_SUMMARY_CHARS, plainLine, toAgentName } from "@agentmesh/protocol";

/** What the directory says of the agent in it. */
export interface Place {
  readonly directory: string;
  /** Root of the repository; of a linked worktree, the root of the main one. */
  readonly repo: string | undefined;
  readonly branch: string | undefined;
  /** Name for an agent here. */
  readonly name: AgentName;
  /** Name of the repository, or of the directory. */
  readonly title: string;
  /** One line that says what an agent here works on, until it says so itself. */
  readonly summary: string;
}

/** Reads the place. Never throws: what cannot be read is left out. */
export function placeOf(directory: string): Place {
  const root = rootAbove(directory);
  const gitFolder = root === undefined ? undefined : gitFolderOf(root);
  const repo = root === undefined || gitFolder === undefined ? undefined : mainRoot(root, gitFolder);
  const branch = gitFolder === undefined ? undefined : branchIn(gitFolder);
  const title = basename(root ?? directory) || "agent";
  return {
    directory,
    repo,
    branch,
    name: toAgentName(title),
    title,
    summary: plainLine(branch === undefined ? title : `${title}@${branch}`, MAX_SUMMARY_CHARS),
  };
}

function rootAbove(directory: string): string | undefined {
  for (let here = directory; ; here = dirname(here)) {
    if (isThere(join(here, ".git"))) return here;
    if (dirname(here) === here) return undefined;
  }
}

/** The folder that holds HEAD: `.git` itself, or where the `.git` file of a worktree or submodule points. */
function gitFolderOf(root: string): string | undefined {
  const path = join(root, ".git");
  if (isFolder(path)) return path;
  const target = /^gitdir: (.+)$/m.exec(textOf(path) ?? "")?.[1];
  return target === undefined ? undefined : resolve(root, target.trim());
}

function mainRoot(root: string, gitFolder: string): string {
  const common = textOf(join(gitFolder, "commondir"))?.trim();
  if (common === undefined || common === "") return root;
  const folder = resolve(gitFolder, common);
  return basename(folder) === ".git" ? dirname(folder) : root;
}

function branchIn(gitFolder: string): string | undefined {
  return /^ref: refs\/heads\/(.{1,255})$/.exec(textOf(join(gitFolder, "HEAD"))?.trim() ?? "")?.[1];
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function isThere(path: string): boolean {
  return existsSync(path);
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
