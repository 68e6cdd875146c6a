/** Ballast: space held by a file, given up bit by bit on a full disk so that acks can still be committed. */
import { randomBytes } from "node:crypto";
import { statSync, truncateSync } from "node:fs";
import { open } from "node:fs/promises";

/** How much is written, and given up, at once: a commit needs less, and what another program takes at once is little. */
const STEP_BYTES = 1_048_576;

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
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
  }

  get missingBytes(): number {
    return Math.max(0, this.#wantedBytes - this.bytes);
  }

  /** Whether some was given up, and it is not whole again. */
  get spent(): boolean {
    return this.#spent;
  }

  /** Gives up a part; false when nothing is left. */
  release(): boolean {
    const bytes = this.bytes;
    if (bytes === 0) return false;
    this.#spent = true;
    this.#releases++;
    truncateSync(this.#path, Math.max(0, bytes - STEP_BYTES));
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
    const chunk = randomBytes(STEP_BYTES);
    const file = await open(this.#path, "a", 0o600);
    try {
      // Given up while it is written: the disk is full again.
      while (this.missingBytes > 0 && this.#releases === releases) {
        await file.write(chunk, 0, Math.min(this.missingBytes, STEP_BYTES));
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
