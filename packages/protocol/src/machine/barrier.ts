/** What stands between this user and a file: which place of its path, whose that is, and a command that mends it. */

import { shellWord } from "../text/shell-word.ts";
import { claim, isClaimable, moveAway, NOT_YOURS } from "./claim.ts";
import {
  absolute,
  ENTER,
  factsOf,
  foldersOf,
  isLink,
  isThere,
  linkTarget,
  type Machine,
  may,
  mountOf,
  parentOf,
  READ,
  type User,
  userName,
  WRITE,
} from "./path-places.ts";

/** A refused act on a path. */
export interface RefusedPath {
  /** The system's word: `EACCES`. */
  readonly code: string;
  /** Absolute. */
  readonly path: string;
  /** The call that was refused: `open`, `mkdir`. */
  readonly act: string;
  /** What the sentence is about: a place that it ends with is `it`. */
  readonly about: string;
  /** The state folder that was to be used: where it is one, it and what is in it may be claimed, whoever has it now. */
  readonly ours?: string | undefined;
}

/** What keeps from it, and what to do: goes on a sentence, and a sentence. */
export interface Barrier {
  readonly cause: string;
  readonly remedy: string;
}

/** The barrier behind a refusal; undefined where nothing more can be said than what its code says. Never throws. */
export function barrierTo(refused: RefusedPath, machine: Machine): Barrier | undefined {
  const { uid } = machine;
  if (uid === undefined || !refused.path.startsWith("/")) return undefined;
  try {
    return barriers[refused.code]?.(refused, { ...machine, uid });
  } catch {
    return undefined;
  }
}

const MOST_LINKS = 8;

/** Acts that change the names in a folder. */
const IN_FOLDER: ReadonlySet<string> = new Set("mkdir mkdtemp symlink link rename unlink rm rmdir copyfile".split(" "));

type Look = (refused: RefusedPath, user: User) => Barrier | undefined;

const forbidden: Look = (refused, user) => {
  const found = forbiddenPlace(refused.path, IN_FOLDER.has(refused.act), user, 0);
  if (!found) return undefined;
  const { place, wants } = found;
  const facts = user.fs.statSync(place);
  const { uid, mode } = facts;
  const isFolder = facts.isDirectory();
  const subject = subjectOf(place, refused);
  const modeText = (mode & 0o7777).toString(8).padStart(4, "0");
  // A folder of one's own is to be used, not only to be passed through.
  const claimable = isClaimable(place, refused.ours, user);
  const needs = (uid === user.uid || claimable) && isFolder ? "rwx" : wants;
  const lacks = `chmod u+${needs} ${shellWord(place)}`;
  if (uid === user.uid) {
    const denied = DENIED[wants] ?? "use it";
    return { cause: `${subject} yours, and its mode ${modeText} does not let you ${denied}`, remedy: `Run: ${lacks}.` };
  }
  const cause = `${subject} owned by ${userName(uid, user)} (mode ${modeText}), and you are ${userName(user.uid, user)}`;
  if (!claimable) return { cause, remedy: NOT_YOURS };
  return {
    cause,
    remedy: `If it is to be yours: ${claim(place, refused.ours, user)}${modeLacks(mode, needs) ? ` && ${lacks}` : ""}.`,
  };
};

/** What a lacking right keeps from: of a file, or of a folder. */
const DENIED: Readonly<Record<string, string>> = {
  r: "read it",
  w: "write to it",
  x: "enter it",
  wx: "write there",
  rwx: "write there",
};

const barriers: Readonly<Record<string, Look>> = {
  EACCES: forbidden,
  EPERM(refused, user) {
    const { path } = refused;
    const owner = user.fs.statSync(path).uid;
    if (owner !== user.uid) {
      const cause = `${subjectOf(path, refused)} owned by ${userName(owner, user)}, and you are ${userName(user.uid, user)}`;
      const claimable = isClaimable(path, refused.ours, user);
      return { cause, remedy: claimable ? `If it is to be yours: ${claim(path, refused.ours, user)}.` : NOT_YOURS };
    }
    return {
      cause: `${subjectOf(path, refused)} yours, and something beside its mode keeps it as it is, such as the mark i or a (lsattr shows them) or a sandbox`,
      remedy: `If it may be changed: sudo chattr -i -a ${shellWord(path)}.`,
    };
  },
  EROFS({ path }, user) {
    const mount = mountOf(path, user);
    return {
      cause: `${mount === "/" ? "its file system" : `the file system at ${mount}`} is mounted read-only`,
      remedy: `Mount that for writing (sudo mount -o remount,rw ${shellWord(mount)}), or use a folder elsewhere.`,
    };
  },
  ENOTDIR: (refused, user) => fileForFolder(refused, user),
  // What Node says when a folder is to be there in any case, and a file is.
  EEXIST: (refused, user) => (refused.act === "mkdir" ? fileForFolder(refused, user) : undefined),
  EISDIR(refused, user) {
    if (!user.fs.statSync(refused.path).isDirectory()) return undefined;
    return {
      cause: `${subjectOf(refused.path, refused)} a folder, where a file belongs`,
      remedy: moveAway(refused.path, refused.ours, user),
    };
  },
  ELOOP: (refused, user) => linkAt(refused, user),
  ENOENT: (refused, user) => linkAt(refused, user),
};

/** The first place on a path that does not let this user by, and what it would have to grant. */
function forbiddenPlace(
  path: string,
  inFolder: boolean,
  user: User,
  depth: number,
): { readonly place: string; readonly wants: string } | undefined {
  const folders = foldersOf(path);
  for (const place of folders) {
    if (may(place, ENTER, user)) continue;
    if (!isThere(place, user)) return unlessMay(parentOf(place), user);
    const link = depth < MOST_LINKS ? linkTarget(place, user) : undefined;
    const behind = link === undefined ? undefined : forbiddenPlace(`${link}/x`, false, user, depth + 1);
    return behind ?? { place, wants: "x" };
  }
  const folder = folders.at(-1) ?? "/";
  const own = lacking(path, user);
  const parent = unlessMay(folder, user);
  return inFolder ? (parent ?? own) : (own ?? parent);
}

/** A folder in which this user may make nothing. */
function unlessMay(folder: string, user: User): { readonly place: string; readonly wants: string } | undefined {
  return may(folder, WRITE, user) ? undefined : { place: folder, wants: "wx" };
}

function lacking(path: string, user: User): { readonly place: string; readonly wants: string } | undefined {
  const known = factsOf(path, user);
  if (known === undefined) return undefined;
  const rights = known.isDirectory() ? { r: READ, w: WRITE, x: ENTER } : { r: READ, w: WRITE };
  const wants = Object.entries(rights).filter(([, right]) => !may(path, right, user));
  if (wants.length === 0) return undefined;
  return { place: path, wants: known.isDirectory() ? "rwx" : wants.map(([letter]) => letter).join("") };
}

function fileForFolder(refused: RefusedPath, user: User): Barrier | undefined {
  const place = [...foldersOf(refused.path), refused.path].find((each) => factsOf(each, user)?.isDirectory() === false);
  if (place === undefined) return undefined;
  const cause = `${subjectOf(place, refused)} a file, where a folder belongs`;
  return { cause, remedy: moveAway(place, refused.ours, user) };
}

function linkAt(refused: RefusedPath, user: User): Barrier | undefined {
  const { path } = refused;
  const place = [...foldersOf(path), path].find((each) => isLink(each, user) && !leadsOn(each, path, user));
  if (place === undefined) return undefined;
  const target = user.fs.readlinkSync(place);
  const subject = subjectOf(place, refused);
  if (factsOf(place, user)) {
    return {
      cause: `${subject} a symbolic link to ${target}, where none may be`,
      remedy: `Put the file itself there: mv ${shellWord(absolute(place, target))} ${shellWord(place)}.`,
    };
  }
  return {
    cause: `${subject} a symbolic link to ${target}, which leads nowhere`,
    remedy: `Make what it leads to, or remove the link: rm ${shellWord(place)}.`,
  };
}

/** A link on the way that leads somewhere is no barrier; one at the end is, to what follows none. */
function leadsOn(place: string, path: string, user: User): boolean {
  return place !== path && factsOf(place, user) !== undefined;
}

function subjectOf(place: string, { about }: RefusedPath): string {
  return about.endsWith(place) ? "it is" : `${place} is`;
}

/** Whether the owner of a file with this mode would lack one of these rights. */
function modeLacks(mode: number, wants: string): boolean {
  return Object.entries({ r: 0o400, w: 0o200, x: 0o100 }).some(
    ([letter, bit]) => wants.includes(letter) && !(mode & bit),
  );
}
