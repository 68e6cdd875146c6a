/** The git repository around a directory: what all its worktrees share, and which of them this is. */
import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { repositoryOf } from "@agentmesh/protocol";
import { askGit, type GitTerms } from "./git.ts";
import { type GitFolders, knownRemote, pointedTo, readGitFolders } from "./git-files.ts";

/** A repository, seen from one of its worktrees. */
export interface Repository {
  /** The same from every worktree: the top of the main one, or the repository's own folder when it is bare. */
  readonly root: string;
  readonly name: string;
  /** Name of the worktree's directory, when it is a linked one. */
  readonly linked: string | undefined;
  readonly branch: string | undefined;
  /** The same on every machine that has a clone: the remote URL without what differs in how it is written. */
  readonly url: string | undefined;
}

/** Asks git, and reads the files when it does not answer. Never throws. */
export async function repositoryAround(terms: GitTerms): Promise<Repository | undefined> {
  const folders = (await foldersByGit(terms)) ?? safely(() => readGitFolders(terms.directory));
  return folders && describe(folders);
}

async function foldersByGit(terms: GitTerms): Promise<GitFolders | undefined> {
  const [folders, top, head, coreWorktree, remotes] = await Promise.all([
    askGit(terms, "rev-parse", "--git-dir", "--git-common-dir"),
    askGit(terms, "rev-parse", "--show-toplevel"),
    askGit(terms, "symbolic-ref", "--quiet", "HEAD"),
    askGit(terms, "config", "--get", "core.worktree"),
    askGit(terms, "remote", "--verbose"),
  ]);
  const lines = folders?.split("\n") ?? [];
  const [gitFolder, common] = lines;
  // Three with the end: more are of a directory with a line break in its name, and the files tell them apart.
  if (!gitFolder || !common || lines.length !== 3) return undefined;
  return {
    gitFolder: resolve(terms.directory, gitFolder),
    common: resolve(terms.directory, common),
    worktree: line(top),
    coreWorktree: line(coreWorktree),
    remoteUrl: knownRemote(remotesOf(remotes ?? "")),
    branch: /^refs\/heads\/(.+)$/.exec(line(head) ?? "")?.[1],
  };
}

function describe(folders: GitFolders): Repository {
  const common = real(folders.common);
  const linked = folders.worktree !== undefined && real(folders.gitFolder) !== common;
  const root = rootOf(common, folders.coreWorktree);
  const { worktree, branch, remoteUrl } = folders;
  return {
    root,
    name: worktree !== undefined && !linked ? basename(worktree) : nameOf(root),
    linked: linked && worktree !== undefined ? basename(worktree) : undefined,
    branch: branch !== undefined && branch.length <= 255 ? branch : undefined,
    url: remoteUrl === undefined ? undefined : repositoryOf(remoteUrl),
  };
}

/** Remotes with the URL each is fetched from, as `git remote --verbose` lists them. */
function remotesOf(listed: string): Map<string, string> {
  const lines = listed.matchAll(/^([^\t\n]+)\t(.+) \(fetch\)(?: \[.*\])?$/gm);
  return new Map(Array.from(lines, ([, name = "", url = ""]) => [name, url]));
}

/** Made of what the worktrees share alone, so that each of them comes to the same. */
function rootOf(common: string, coreWorktree: string | undefined): string {
  if (coreWorktree !== undefined) return real(resolve(common, coreWorktree));
  const above = dirname(common);
  const isOfAbove = basename(common) === ".git" || real(pointedTo(join(above, ".git")) ?? "") === common;
  return isOfAbove ? above : common;
}

/** `proj` of `proj`, `proj.git` and `proj/.bare`. */
function nameOf(root: string): string {
  const name = basename(root).replace(/\.git$/, "");
  if (name !== "" && !name.startsWith(".")) return name;
  const above = dirname(root);
  return above === real(homedir()) ? name.slice(1) : basename(above);
}

function line(said: string | undefined): string | undefined {
  return said?.replace(/\r?\n$/, "") || undefined;
}

function real(path: string): string {
  return safely(() => realpathSync(path)) ?? path;
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
