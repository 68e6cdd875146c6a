/**
 * What is committed on its way to the disk: COMMIT writes the log, a flush in another thread brings it to disk, and what is
 * committed meanwhile goes with the next one. The event loop does not wait for the disk (decision 0026).
 */

import { unknownError } from "./storage-error.ts";

/** Brings all that was written to a file to disk. */
export interface Flusher {
  /** In another thread; resolves when what was written before it began is on disk. @throws Error when it may not be */
  flush(): Promise<void>;
  /** At once, while everybody waits. */
  flushNow(): void;
}

/** A transaction that is committed. */
export interface Committed {
  /** It is on disk. */
  kept(): void;
  /** Nobody knows whether it is. */
  failed(error: unknown): void;
}

/** Told how it goes. */
export interface DurableHooks {
  /** After each flush. */
  readonly flushed: () => void;
  /** Once, after the first that failed: nothing is kept from there on. */
  readonly failed: (error: unknown) => void;
}

/** Transactions between their COMMIT and the disk, in that order. */
export class Durable {
  readonly #disk: Flusher | undefined;
  readonly #hooks: DurableHooks;
  #waiting: Committed[] = [];
  #flushing: Committed[] | undefined;
  #isStarting = false;
  #failure: { readonly error: unknown } | undefined;

  /** Without a disk what is committed is taken for kept. */
  constructor(disk: Flusher | undefined, hooks: DurableHooks) {
    this.#disk = disk;
    this.#hooks = hooks;
  }

  /** Whether a flush is under way. */
  get isFlushing(): boolean {
    return this.#flushing !== undefined;
  }

  /** A transaction was committed. After a flush that failed none is kept any more. */
  add(committed: Committed): void {
    if (this.#failure) committed.failed(this.#failure.error);
    else if (this.#disk) {
      this.#waiting.push(committed);
      if (!this.#flushing && !this.#isStarting) this.#flush(this.#disk);
    } else committed.kept();
  }

  /** Resolves when all that is committed now is on disk. @throws MeshError store_unavailable when nobody knows whether it is */
  async settled(): Promise<void> {
    if (this.#failure) throw unknownError(this.#failure.error);
    const last = this.#waiting.length > 0 ? this.#waiting : this.#flushing;
    if (!last) return;
    await new Promise<void>((kept, reject) => last.push({ kept, failed: (error) => reject(unknownError(error)) }));
  }

  /** Does what commits, and brings that to disk while everybody waits: at a start, when no flush is under way. */
  now(commit: () => void): void {
    this.#isStarting = true;
    commit();
    this.#isStarting = false;
    const all = this.#waiting;
    this.#waiting = [];
    if (!this.#disk || all.length === 0) return;
    try {
      this.#disk.flushNow();
    } catch (error) {
      this.#fail(all, error);
      return;
    }
    for (const each of all) each.kept();
  }

  #flush(disk: Flusher): void {
    const these = this.#waiting;
    this.#waiting = [];
    this.#flushing = these;
    disk.flush().then(
      () => {
        this.#flushing = undefined;
        if (this.#waiting.length > 0) this.#flush(disk);
        for (const each of these) each.kept();
        this.#hooks.flushed();
      },
      (error: unknown) => {
        const all = [...these, ...this.#waiting];
        this.#flushing = undefined;
        this.#waiting = [];
        this.#fail(all, error);
        this.#hooks.flushed();
      },
    );
  }

  #fail(all: readonly Committed[], error: unknown): void {
    this.#failure = { error };
    for (const each of all) each.failed(error);
    this.#hooks.failed(error);
  }
}
