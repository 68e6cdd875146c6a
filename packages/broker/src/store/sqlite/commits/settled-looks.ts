/**
 * Settled looks: a flush lets go of all looks that waited for it at once, and what becomes of each (a page is put together, written as
 * JSON, sent) is done before the event loop goes on. A few have their turn, the others theirs in the next turns of the loop.
 */

/** How long looks are answered within one turn of the event loop, in milliseconds. */
const TURN_MS = 2;

/** The looks that may be answered, in the order in which they were let go of. */
export class SettledLooks {
  readonly #line: (() => void)[] = [];
  /** When the first of this turn was answered. */
  #began: number | undefined;
  /** One is being answered: how long that takes is known when what follows from it by promises is done. */
  #busy = false;

  /** To be awaited before a look is answered: at once when none other is, and this turn has time left. */
  async turn(): Promise<void> {
    if (this.#busy || this.#line.length > 0 || this.#isOver()) await new Promise<void>((go) => this.#line.push(go));
    else this.#begin();
  }

  #isOver(): boolean {
    return this.#began !== undefined && performance.now() - this.#began >= TURN_MS;
  }

  #begin(): void {
    this.#busy = true;
    if (this.#began === undefined) {
      this.#began = performance.now();
      setImmediate(() => {
        this.#began = undefined;
        if (!this.#busy) this.#next();
      });
    }
    // A tick that is set within a promise comes after all promises that are settled by then, and what follows from them.
    queueMicrotask(() => {
      process.nextTick(() => {
        this.#busy = false;
        if (!this.#isOver()) this.#next();
      });
    });
  }

  #next(): void {
    const answer = this.#line.shift();
    if (!answer) return;
    this.#begin();
    answer();
  }
}
