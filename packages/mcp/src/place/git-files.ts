/** What the files of a repository say of it, for when git is not there, refuses, or is too slow (gitrepository-layout). */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The folders of a repository as git, or its files, name them. */
export interface GitFolders {
  /** The folder of this worktree: it has a HEAD of its own. */
  readonly gitFolder: string;
  /** The folder that all worktrees share. */
  readonly common: string;
  /** Top of the worktree; undefined in a bare repository. */
  readonly worktree: string | undefined;
  /** The setting `core.worktree`, as submodules have it. */
  readonly coreWorktree: string | undefined;
  /** URL of the remote that the repository is known by, as git has it written. */
  readonly remoteUrl: string | undefined;
  /** Branch, also one without a commit; undefined for a detached head. */
  readonly branch: string | undefined;
}

/** Reads the repository around a directory. @throws when there is no such directory */
export function readGitFolders(directory: string): GitFolders | undefined {
  for (let here = realpathSync(directory); ; here = dirname(here)) {
    const dotGit = join(here, ".git");
    const gitFolder = isFolder(dotGit) ? dotGit : pointedTo(dotGit);
    if (gitFolder !== undefined && isGitFolder(gitFolder)) return foldersOf(gitFolder, here);
    if (isGitFolder(here) && isFolder(join(here, "objects"))) return foldersOf(here, undefined);
    if (dirname(here) === here) return undefined;
  }
}

/** URL of the remote that a repository is known by: `origin`, else the only one. */
export function knownRemote(remotes: ReadonlyMap<string, string>): string | undefined {
  return remotes.get("origin") ?? (remotes.size === 1 ? [...remotes.values()][0] : undefined);
}

/** Remotes with the first URL of each, from the text of a configuration. */
function remotesIn(config: string): Map<string, string> {
  const found = new Map<string, string>();
  let remote: string | undefined;
  for (const line of config.split("\n")) {
    const section = /^\s*\[(.*)\]/.exec(line)?.[1];
    if (section !== undefined) remote = /^remote\s+"(.+)"$/i.exec(section)?.[1];
    const url = /^\s*url\s*=\s*"?(.+?)"?\s*$/i.exec(line)?.[1];
    if (remote !== undefined && url !== undefined && !found.has(remote)) found.set(remote, url);
  }
  return found;
}

/** The folder that a `.git` file points to, as that of a worktree or of a submodule does. */
export function pointedTo(file: string): string | undefined {
  const target = /^gitdir: (.+)$/m.exec(textOf(file) ?? "")?.[1];
  return target === undefined ? undefined : resolve(dirname(file), target.trim());
}

function foldersOf(gitFolder: string, worktree: string | undefined): GitFolders {
  const common = resolve(gitFolder, textOf(join(gitFolder, "commondir"))?.trim() || ".");
  const config = textOf(join(common, "config")) ?? "";
  const core = /^\s*\[core\]([^[]*)/im.exec(config)?.[1] ?? "";
  return {
    gitFolder,
    common,
    worktree,
    coreWorktree: /^\s*worktree\s*=\s*"?(.+?)"?\s*$/im.exec(core)?.[1],
    remoteUrl: knownRemote(remotesIn(config)),
    // A repository of reftables has `refs/heads/.invalid` here, which no branch can be called.
    branch: /^ref: refs\/heads\/([^.].*)$/.exec(textOf(join(gitFolder, "HEAD"))?.trim() ?? "")?.[1],
  };
}

function isGitFolder(path: string): boolean {
  return statSync(join(path, "HEAD"), { throwIfNoEntry: false })?.isFile() === true;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
