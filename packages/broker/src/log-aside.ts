/** The broker's own log file: what grows beyond its size is put aside, so that both together have a bound. */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { copyFile } from "node:fs/promises";

/** The broker's own log file, and how large it may grow. */
export interface OwnLog {
  readonly path: string;
  readonly mostBytes: number;
}

/** Of a file that cannot be put aside, as on a full disk, this much of its end is kept in it, in bytes. */
const KEPT_BYTES = 32_768;

/**
 * Puts the log aside beside itself. The file stays the one that was opened for standard output and standard error, by
 * whoever started the broker: it is copied and emptied, not renamed, so that the last words of a crash are in it.
 */
export class PutAside {
  readonly #own: OwnLog;
  readonly #fd: number;
  #bytes: number;
  #underWay = false;

  constructor(own: OwnLog, fd: number) {
    this.#own = own;
    this.#fd = fd;
    const { ino, dev, size } = fstatSync(fd);
    const file = statSync(own.path, { throwIfNoEntry: false });
    // Another file than the broker's own is its owner's to keep short.
    this.#bytes = file?.ino === ino && file.dev === dev ? size : Number.NEGATIVE_INFINITY;
  }

  /** Counts what was written, and begins when that is enough. */
  wrote(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.#own.mostBytes || this.#underWay) return;
    this.#underWay = true;
    void this.#putAside().finally(() => {
      this.#underWay = false;
    });
  }

  async #putAside(): Promise<void> {
    const { path } = this.#own;
    const draft = `${path}.1.draft`;
    try {
      await copyFile(path, draft);
      this.#append(draft, statSync(draft).size);
      renameSync(draft, `${path}.1`);
      this.#empty();
    } catch {
      this.#keepEnd(draft);
    }
  }

  /** What was written while the rest was copied. */
  #append(draft: string, from: number): void {
    const rest = this.#read(from);
    const file = openSync(draft, "a", 0o600);
    try {
      writeSync(file, rest);
    } finally {
      closeSync(file);
    }
  }

  #keepEnd(draft: string): void {
    try {
      rmSync(draft, { force: true });
      const end = this.#read(Math.max(0, fstatSync(this.#fd).size - KEPT_BYTES));
      this.#empty();
      this.#bytes = writeSync(this.#fd, end);
    } catch {
      // The next line tries again.
    }
  }

  #read(from: number): Buffer {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(this.#fd).size - from));
    // Standard output is open for writing alone.
    const file = openSync(this.#own.path, "r");
    try {
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from));
    } finally {
      closeSync(file);
    }
  }

  #empty(): void {
    ftruncateSync(this.#fd, 0);
    this.#bytes = 0;
  }
}
