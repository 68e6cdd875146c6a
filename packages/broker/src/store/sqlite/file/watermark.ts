/**
 * The high-water mark beside the database: SQLite does not notice a lost or cut write-ahead log, nor that its file was
 * replaced; this file does. A database where one existed is never silently replaced by an empty one.
 */
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from "node:fs";
import * as z from "zod";

const Mark = z.object({
  instanceId: z.string(),
  schema: z.int(),
  lastPosition: z.int(),
  clean: z.boolean(),
  /** The word of the start that wrote it; `before` the one before, until the database has this one. */
  start: z.string().optional(),
  before: z.string().optional(),
  /** From which number the life counts. */
  first: z.int().optional(),
  /** The inode of this file, and which file the database is. */
  inode: z.string().optional(),
  database: z.string().optional(),
});

/** What is known of the database from outside. */
export type Mark = z.infer<typeof Mark>;

/** What of a mark stays the same from a start to the next. */
export type Marked = Pick<Mark, "instanceId" | "schema" | "start" | "before" | "first">;

const EVERY_MS = 5_000;

/** Reads the mark; undefined when there is none or it is damaged. */
export function readMark(path: string): Mark | undefined {
  try {
    return Mark.safeParse(JSON.parse(readFileSync(path, "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** The inode of a file, as a mark has it; undefined where there is none. */
export function inodeOf(path: string): string | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino.toString();
}

/**
 * Which file a path names: its inode, and when it was made, since a file that takes the place of a removed one may get
 * its inode. Where nobody knows when, what is said instead is the time of the last change; then the inode stands alone.
 */
export function fileOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!found) return undefined;
  const { ino, birthtimeNs: made, ctimeNs: changed } = found;
  return made > 0n && made !== changed ? `${ino}/${made}` : `${ino}`;
}

/** Whether a path names the file that `fileOf` named before. */
export function isStill(file: string, path: string): boolean {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  const [inode, made] = file.split("/");
  return (
    found !== undefined && String(found.ino) === inode && (made === undefined || String(found.birthtimeNs) === made)
  );
}

/** Writes the mark now and then. */
export class Watermark {
  readonly #path: string;
  readonly #database: string;
  #mark: Marked;
  #writtenAt = 0;

  constructor(path: string, database: string, mark: Marked) {
    this.#path = path;
    this.#database = database;
    this.#mark = mark;
  }

  /** From now on the mark says this. */
  become(mark: Marked): void {
    this.#mark = mark;
    this.#writtenAt = 0;
  }

  /** Writes the mark when the last one is older than 5 s, or at a clean end. Returns whether it was written, or is new. */
  advance(lastPosition: () => number, end?: "clean"): boolean {
    if (!end && this.#writtenAt !== 0 && performance.now() - this.#writtenAt <= EVERY_MS) return true;
    try {
      this.write(lastPosition(), end !== undefined);
      return true;
    } catch {
      // A full disk: the commit stands, an older mark is still true, the next one is tried in 5 s.
      return false;
    }
  }

  /** Writes the mark whole or not at all (0600). */
  write(lastPosition: number, clean: boolean): void {
    this.#writtenAt = performance.now();
    const draft = `${this.#path}.draft`;
    const file = openSync(draft, "w", 0o600);
    try {
      const inode = fstatSync(file, { bigint: true }).ino.toString();
      const mark: Mark = { ...this.#mark, lastPosition, clean, inode, database: fileOf(this.#database) };
      writeSync(file, JSON.stringify(mark));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, this.#path);
  }
}
