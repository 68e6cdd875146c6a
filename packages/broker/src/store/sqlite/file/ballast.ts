/** Ballast: space held by a file, given up bit by bit on a full disk so that acks can still be committed. */
import { randomBytes } from "node:crypto";
import { statSync, truncateSync } from "node:fs";
import { open } from "node:fs/promises";

const CHUNK_BYTES = 1_048_576;
/** What is given up at first: enough for most commits, and little for another program that takes all it can get. */
const STEP_BYTES = 65_536;

/** The file `ballast` of a state folder. Its bytes are random, so that no file system stores them in less. */
export class Ballast {
  readonly #path: string;
  readonly #wantedBytes: number;
  #spent = false;
  #releases = 0;
  #making: Promise<void> | undefined;

  constructor(path: string, wantedBytes: number) {
    this.#path = path;
    this.#wantedBytes = wantedBytes;
    if (this.bytes > wantedBytes) truncateSync(path, wantedBytes);
  }

  get bytes(): number {
    const stat = statSync(this.#path, { throwIfNoEntry: false });
    return stat?.isFile() ? stat.size : 0;
  }

  get missingBytes(): number {
    return Math.max(0, this.#wantedBytes - this.bytes);
  }

  /** Whether some was given up, and it is not whole again. */
  get spent(): boolean {
    return this.#spent;
  }

  /** Gives up a part, twice as much with each try for the same write; false when nothing is left. */
  release(tries: number): boolean {
    return this.giveUp(STEP_BYTES * 2 ** tries);
  }

  /** Gives up so many bytes, or what is left; false when nothing is left, or the system does not let it go. */
  giveUp(count: number): boolean {
    const bytes = this.bytes;
    if (bytes === 0) return false;
    try {
      truncateSync(this.#path, Math.max(0, bytes - count));
    } catch {
      return false;
    }
    this.#spent = true;
    this.#releases++;
    return true;
  }

  /** Writes what is missing, off the event loop. Rejects when the disk does not take it: what was there is left. */
  make(): Promise<void> {
    this.#making ??= this.#write().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #write(): Promise<void> {
    const before = this.bytes;
    const releases = this.#releases;
    const chunk = randomBytes(CHUNK_BYTES);
    const file = await open(this.#path, "a", 0o600);
    try {
      // Given up while it is written: the disk is full again.
      while (this.missingBytes > 0 && this.#releases === releases) {
        await file.write(chunk, 0, Math.min(this.missingBytes, CHUNK_BYTES));
      }
      if (this.#releases === releases) this.#spent = false;
    } catch (error) {
      if (this.bytes > before) await file.truncate(before);
      throw error;
    } finally {
      await file.close();
    }
  }
}
