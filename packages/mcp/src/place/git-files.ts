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

/** The folder that a `.git` file points to, as that of a worktree or of a submodule does. */
export function pointedTo(file: string): string | undefined {
  const target = /^gitdir: (.+)$/m.exec(textOf(file) ?? "")?.[1];
  return target === undefined ? undefined : resolve(dirname(file), target.trim());
}

function foldersOf(gitFolder: string, worktree: string | undefined): GitFolders {
  const common = resolve(gitFolder, textOf(join(gitFolder, "commondir"))?.trim() || ".");
  const core = /^\s*\[core\]([^[]*)/im.exec(textOf(join(common, "config")) ?? "")?.[1] ?? "";
  return {
    gitFolder,
    common,
    worktree,
    coreWorktree: /^\s*worktree\s*=\s*"?(.+?)"?\s*$/im.exec(core)?.[1],
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
