/**
 * The high-water mark beside the database: SQLite does not notice a lost or cut write-ahead log, this file does.
 * A database where one existed is never silently replaced by an empty one.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { z } from "zod";

const Mark = z.object({ instanceId: z.string(), schema: z.int(), lastPosition: z.int(), clean: z.boolean() });

/** What is known of the database from outside. */
export type Mark = z.infer<typeof Mark>;

const EVERY_MS = 5_000;

/** Reads the mark; undefined when there is none or it is damaged. */
export function readMark(path: string): Mark | undefined {
  try {
    return Mark.safeParse(JSON.parse(readFileSync(path, "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** Writes the mark now and then. */
export class Watermark {
  readonly #path: string;
  readonly #mark: Omit<Mark, "lastPosition" | "clean">;
  #writtenAt = 0;

  constructor(path: string, mark: Omit<Mark, "lastPosition" | "clean">) {
    this.#path = path;
    this.#mark = mark;
  }

  /** Writes the mark when the last one is older than 5 s, or at a clean end. */
  advance(lastPosition: () => number, end?: "clean"): void {
    if (!end && this.#writtenAt !== 0 && performance.now() - this.#writtenAt <= EVERY_MS) return;
    try {
      this.write(lastPosition(), end !== undefined);
    } catch {
      // A full disk: the commit stands, an older mark is still true, the next one is tried in 5 s.
    }
  }

  /** Writes the mark whole or not at all (0600). */
  write(lastPosition: number, clean: boolean): void {
    this.#writtenAt = performance.now();
    const draft = `${this.#path}.draft`;
    const file = openSync(draft, "w", 0o600);
    try {
      writeSync(file, JSON.stringify({ ...this.#mark, lastPosition, clean } satisfies Mark));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, this.#path);
  }
}
