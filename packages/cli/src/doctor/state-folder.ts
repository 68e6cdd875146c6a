/** The state folder: whose it is, whom its files let in, what is left in it, whether it is a copy. */
import { chmodSync, lstatSync, readdirSync, rmSync, type Stats, statSync } from "node:fs";
import { basename, join } from "node:path";
import { refusedBy } from "@agentmesh/client/node";
import * as z from "zod";
import { shortPath } from "../describe.ts";
import { jsonInFile } from "../json-in.ts";
import { commandLine } from "../terminal/shell-word.ts";
import { type Check, type Finding, ok, skipped } from "./check.ts";

const ABOUT = "state folder";

/** A file of the folder, or a folder in it. */
interface Entry {
  readonly path: string;
  readonly stat: Stats;
}

/** How long after its last write a draft is taken for one that its process will not finish, in milliseconds. */
const ABANDONED_MS = 60_000;

/** A file on its way to its place: `key.4711.0a1b2c3d`, `mesh.mark.json.draft`. */
const DRAFT = /\.(?:\d+\.[0-9a-f]{8}|draft)$/;

/** What everybody may read. */
const PUBLIC = /\.pem$/;

/** Whether the folder is safe and sound. */
export const stateFolder: Check = {
  name: "state folder",
  looksAt:
    "owner and modes of the state folder and of every file in it, drafts that were left, `config.json`, whether the folder is a copy or its database was put there",
  look({ folder, platform }) {
    const top = statSync(folder.path, { throwIfNoEntry: false });
    if (!top) return [skipped(ABOUT, `${shortPath(folder.path)} is not there yet: the first broker makes it`)];
    const first = { path: folder.path, stat: top };
    const entries = [first, ...entriesOf(folder.path)];
    const owner = ownerOf(first);
    const found = [
      ...(platform === "win32" ? [] : [...strangers(entries, owner), ...loose(entries, owner)]),
      ...left(entries),
      ...copied(folder.path),
      ...settings(folder.path),
    ];
    if (found.length > 0) return found;
    return [ok(ABOUT, `${shortPath(folder.path)}, for you alone, as are the ${entries.length - 1} files in it`)];
  },
};

/** @throws StateFolderError */
function entriesOf(folder: string): Entry[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((name) => {
      const path = join(folder, name);
      // It may be gone by now.
      const stat = lstatSync(path, { throwIfNoEntry: false });
      return stat === undefined || stat.isSymbolicLink() ? [] : [{ path, stat }];
    });
  } catch (error) {
    throw refusedBy(error, `The state folder ${folder}`, "cannot be looked at", { ours: folder });
  }
}

/** Root looks at a person's folder with that person's eyes. */
function ownerOf(top: Entry): number | undefined {
  const own = process.geteuid?.();
  return own === 0 ? top.stat.uid : own;
}

function strangers(entries: readonly Entry[], owner: number | undefined): Finding[] {
  const others = entries.filter(({ stat }) => stat.uid !== owner);
  const [first] = others;
  if (first === undefined || owner === undefined) return [];
  return [
    {
      verdict: "fault",
      about: ABOUT,
      says: `${shortPath(first.path)}${andMore(others)} belongs to user ${first.stat.uid}, as after sudo, and not to user ${owner}`,
      remedy: commandLine(["sudo", "chown", "-R", String(owner), entries[0]?.path ?? first.path]),
    },
  ];
}

/** What others of this machine may read or write. */
function loose(entries: readonly Entry[], owner: number | undefined): Finding[] {
  const [top] = entries;
  const open = entries.filter(({ path, stat }) => isOpen(path, stat) && stat.uid === owner && !isLeft({ path, stat }));
  const [first] = open;
  if (first === undefined || top === undefined) return [];
  const may = open.some(({ stat }) => (stat.mode & 0o022) !== 0) ? "change" : "read";
  const isShut = !isOpen(top.path, top.stat);
  const says = `${shortPath(first.path)}${andMore(open)} has mode ${octal(first.stat.mode)}`;
  return [
    {
      verdict: isShut ? "warning" : "fault",
      about: ABOUT,
      says: isShut ? `${says}: only its folder keeps others out` : `${says}: others on this machine may ${may} it`,
      remedy: commandLine(["chmod", "-R", "go=", first.path === top.path || open.length > 1 ? top.path : first.path]),
      fix: {
        did: `took from others what they had of ${shortPath(first.path)}${andMore(open)}`,
        act: () => open.forEach(({ path, stat }) => void chmodSync(path, stat.mode & 0o700)),
      },
    },
  ];
}

function isOpen(path: string, { mode }: Stats): boolean {
  return (mode & (PUBLIC.test(path) ? 0o022 : 0o077)) !== 0;
}

function andMore({ length }: readonly Entry[]): string {
  return length > 1 ? ` and ${length - 1} more` : "";
}

function isLeft({ path, stat }: Entry): boolean {
  return stat.isFile() && DRAFT.test(basename(path)) && Date.now() - stat.mtimeMs > ABANDONED_MS;
}

/** What a process left that ended before it had put a file in its place; a key may be in it. */
function left(entries: readonly Entry[]): Finding[] {
  return entries.filter(isLeft).map(({ path }) => ({
    verdict: "warning",
    about: ABOUT,
    says: `${shortPath(path)} was left by a program that ended while it wrote`,
    remedy: commandLine(["rm", path]),
    fix: { did: `removed ${shortPath(path)}`, act: () => rmSync(path, { force: true }) },
  }));
}

const Mark = z.object({ inode: z.string().optional(), database: z.string().optional() });

/** The mark beside the database names its own file and the database's: in a copy one of them is another. */
function copied(folder: string): Finding[] {
  const path = join(folder, "mesh.mark.json");
  const mark = Mark.safeParse(jsonInFile(path)).data;
  if (!mark) return [];
  const consequence = "A broker that starts in it begins a new life: its numbers and cursors are others";
  const about = { verdict: "warning", about: ABOUT, remedy: "docs/operations.md, A copied folder" } as const;
  if (mark.inode !== undefined && mark.inode !== statSync(path, { bigint: true }).ino.toString()) {
    const says = `${shortPath(folder)} is a copy of another folder. ${consequence}, and the tokens in it are those of the original`;
    return [{ ...about, says }];
  }
  const database = join(folder, "mesh.db");
  if (mark.database === undefined || isStill(mark.database, database)) return [];
  const says = `the database in ${shortPath(folder)} is not the one that its broker wrote: it was put there, or the folder is a copy. ${consequence}`;
  return [{ ...about, says }];
}

/** Whether a path names the file of a mark, `inode/made at` or the inode alone; also when there is none. */
function isStill(file: string, path: string): boolean {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined || [`${found.ino}`, `${found.ino}/${found.birthtimeNs}`].includes(file);
}

function settings(folder: string): Finding[] {
  const path = join(folder, "config.json");
  if (!statSync(path, { throwIfNoEntry: false }) || jsonInFile(path) !== undefined) return [];
  const says = `${shortPath(path)} is no JSON, or cannot be read: no broker starts with it`;
  return [{ verdict: "fault", about: ABOUT, says, remedy: "mend it, then agentmesh up" }];
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}
