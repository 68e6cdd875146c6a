/** What a person may be told to take as their own or to move away, and the command for it. */

import { shellWord } from "../text/shell-word.ts";
import { factsOf, may, parentOf, type User, userName, WRITE } from "./path-places.ts";

/** What is left to do where a place is another's. */
export const NOT_YOURS = "That is not yours to change: ask its owner, or use a place that is yours.";

/**
 * Whether a person may be told to take a place: what stands in a folder of theirs, and a state folder with what is in it.
 * A link is judged by what it leads to, which is what would be changed.
 */
export function isClaimable(place: string, ours: string | undefined, user: User): boolean {
  const real = realPath(place, user);
  if (real === undefined) return false;
  return isInStateFolder(real, ours, user) || factsOf(parentOf(real), user)?.uid === user.uid;
}

/** The command that makes a place this user's; with all below it only where a program of ours made that. */
export function claim(place: string, ours: string | undefined, user: User): string {
  const real = realPath(place, user) ?? place;
  const all = factsOf(real, user)?.isDirectory() && isInStateFolder(real, ours, user) ? "-R " : "";
  return `sudo chown ${all}${userName(user.uid, user).replace("user ", "")} ${shellWord(place)}`;
}

/** The sentence that gets a file or folder out of the way, or says whose it is to do that. */
export function moveAway(place: string, ours: string | undefined, user: User): string {
  const own = may(parentOf(place), WRITE, user);
  if (!own && !isClaimable(place, ours, user)) return NOT_YOURS;
  return `Move it away: ${own ? "" : "sudo "}mv ${shellWord(place)} ${shellWord(`${place}.aside`)}.`;
}

/** Names that only a state folder has: without one of them a folder is any folder, whatever it was named for. */
const SIGNS = ["key", "mesh.db"];

function isInStateFolder(real: string, ours: string | undefined, user: User): boolean {
  const folder = ours === undefined ? undefined : realPath(ours, user);
  if (folder === undefined || !(real === folder || real.startsWith(`${folder}/`))) return false;
  return SIGNS.some((name) => factsOf(`${folder}/${name}`, user)?.isDirectory() === false);
}

function realPath(path: string, { fs }: User): string | undefined {
  try {
    return fs.realpathSync(path);
  } catch {
    return undefined;
  }
}
