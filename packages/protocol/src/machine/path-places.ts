/** The places of a path, looked at as one user sees them: rights, owners, links, the file system it is on. */

/** How a program looks at its files: functions of `node:fs`, which throw what the system refuses. */
export interface PathReader {
  accessSync(path: string, wanted: number): void;
  lstatSync(path: string): FileFacts;
  statSync(path: string): FileFacts;
  readFileSync(path: string, encoding: "utf8"): string;
  readlinkSync(path: string): string;
  realpathSync(path: string): string;
}

interface FileFacts {
  readonly uid: number;
  readonly mode: number;
  readonly dev: number;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** The files of a machine as one user sees them; `uid` is undefined where files have no owners. */
export interface Machine {
  readonly fs: PathReader;
  readonly uid: number | undefined;
}

/** A machine whose files have owners. */
export interface User extends Machine {
  readonly uid: number;
}

/** Rights, as `access(2)` has them. */
export const READ = 4;
export const WRITE = 2;
export const ENTER = 1;

/** Whether this user has a right on a file. */
export function may(path: string, wanted: number, { fs }: User): boolean {
  try {
    fs.accessSync(path, wanted);
    return true;
  } catch {
    return false;
  }
}

/** What the system says of what a path leads to; undefined where that cannot be looked at. */
export function factsOf(path: string, { fs }: User): FileFacts | undefined {
  try {
    return fs.statSync(path);
  } catch {
    return undefined;
  }
}

/** The folders above a path, from the root on. */
export function foldersOf(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "");
  return ["/", ...names.slice(0, -1).map((_, i) => `/${names.slice(0, i + 1).join("/")}`)];
}

/** The folder that a path is in. */
export function parentOf(path: string): string {
  return foldersOf(path).at(-1) ?? "/";
}

/** The topmost folder of the file system that a path is on. */
export function mountOf(path: string, user: User): string {
  const places = [...foldersOf(path), path].reverse().filter((each) => factsOf(each, user));
  const dev = (place: string | undefined) => (place === undefined ? undefined : factsOf(place, user)?.dev);
  const beyond = places.findIndex((each) => dev(each) !== dev(places[0]));
  return places[beyond === -1 ? places.length - 1 : beyond - 1] ?? "/";
}

/** Whether anything stands at a path, be it a link that leads nowhere. */
export function isThere(path: string, { fs }: Pick<User, "fs">): boolean {
  try {
    fs.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Whether the path itself is a symbolic link. */
export function isLink(path: string, user: User): boolean {
  try {
    return user.fs.lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

/** Where a symbolic link leads, one step; undefined where there is none. */
export function linkTarget(path: string, user: User): string | undefined {
  return isLink(path, user) ? absolute(path, user.fs.readlinkSync(path)) : undefined;
}

/** What a link says, from the root on. */
export function absolute(link: string, target: string): string {
  return target.startsWith("/") ? target : `${parentOf(link)}/${target}`;
}

/** The name by which this machine knows a user; `user 1000` where it has none at hand. */
export function userName(uid: number, { fs }: User): string {
  try {
    const entry = fs
      .readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .find((line) => line.split(":")[2] === String(uid));
    return entry?.split(":")[0] || `user ${uid}`;
  } catch {
    return uid === 0 ? "root" : `user ${uid}`;
  }
}
