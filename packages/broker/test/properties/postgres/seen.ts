/** Sees in which order the acts of a step were done: each says so while it holds all that another would have to wait for. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { SeenAct, Witness } from "../../../src/store/postgres/commits/begun.ts";
import type { Database } from "../../../src/store/postgres/driver/database.ts";

/** What was done since the last `forget`. */
export class SeenActs implements Witness {
  readonly #asking = new AsyncLocalStorage<number>();
  readonly #done: { readonly of: number; readonly at: number }[] = [];
  #moments = 0;

  /** Asks as the n-th: the acts that come of it are its. */
  question<T>(n: number, ask: () => Promise<T>): Promise<T> {
    return this.#asking.run(n, ask);
  }

  asked(): SeenAct {
    const of = this.#asking.getStore();
    let at: number | undefined;
    return {
      placed: () => {
        at = ++this.#moments;
      },
      // What was refused before it had a place is behind all that it waited for.
      answered: () => {
        if (of !== undefined) this.#done.push({ of, at: at ?? ++this.#moments });
      },
    };
  }

  forget(): void {
    this.#done.length = 0;
  }

  order(): readonly number[] {
    return this.#done.toSorted((a, b) => a.at - b.at).map(({ of }) => of);
  }

  /** A database until its broker is killed: then nothing more is asked of it. */
  over(db: Database): { readonly db: Database; readonly kill: () => void } {
    let isOver = false;
    return {
      db: { use: (act) => (isOver ? new Promise(() => {}) : db.use(act)), close: () => db.close() },
      kill: () => {
        isOver = true;
      },
    };
  }
}
