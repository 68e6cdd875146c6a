/** The workspace of a session whose client never tells its conversation: what the client offers or says, else where it is. */
import { realpathSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, isAbsolute, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";

/** A workspace that is known. */
export interface Workspace {
  /** The same text for the same folders, in whatever order. */
  readonly key: string;
  /** The folder to show. */
  readonly directory: string;
}

/** What there is to know it by. */
export interface WorkspaceSigns {
  /** URIs of the MCP roots; undefined where the client offers none. */
  readonly roots?: readonly string[] | undefined;
  /** `WORKSPACE_FOLDER_PATHS`. */
  readonly said?: string | undefined;
  readonly cwd: string;
}

/** The workspace; undefined where no sign is of one, so that nobody knows whose mail would be whose. */
export function workspaceOf({ roots, said, cwd }: WorkspaceSigns): Workspace | undefined {
  const offered = roots?.flatMap(pathOf) ?? [];
  for (const folders of [offered, said === undefined ? [] : pathsIn(said), [cwd]]) {
    const own = [...new Set(folders.filter(isWorkspace).map(real))];
    const [directory] = own;
    if (directory !== undefined) return { key: own.length === 1 ? directory : JSON.stringify(own.sort()), directory };
  }
  return undefined;
}

function pathOf(uri: string): string[] {
  try {
    return uri.startsWith("file:") ? [fileURLToPath(uri)] : [];
  } catch {
    return [];
  }
}

const PathList = z.array(z.string());

/** One path, a JSON array of them, or several with commas or the system's separator between them: clients differ. */
function pathsIn(said: string): string[] {
  if (isWorkspace(said)) return [said];
  const listed = PathList.safeParse(parsed(said)).data;
  if (listed) return listed;
  const parts = said.split(",").map((part) => part.trim());
  return parts.some(isWorkspace) ? parts : said.split(delimiter).map((part) => part.trim());
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Whether a folder is one that somebody works in. Clients start their servers in the home folder, `/`, a folder of the
 * system or their own when they know no better.
 */
function isWorkspace(path: string): boolean {
  if (!isAbsolute(path) || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  const here = real(path);
  if (dirname(here) === here || NOWHERE.test(here)) return false;
  return ![homedir(), tmpdir()].some((folder) => here === real(folder));
}

/** Folders that hold other folders, and trees of programs. */
const NOWHERE =
  sep === "/"
    ? /^\/(tmp|var\/tmp|private\/tmp|home|root|Users|usr|usr\/bin|opt|bin|etc|var)$|^\/(Applications|System|Library|snap|proc|sys|dev)(\/|$)/
    : /^[a-z]:\\(users|(windows|program files|program files \(x86\))(\\.*)?)$/i;

/** The path without symbolic links and `..`. */
function real(path: string): string {
  try {
    return realpathSync(resolve(path));
  } catch {
    return resolve(path);
  }
}
