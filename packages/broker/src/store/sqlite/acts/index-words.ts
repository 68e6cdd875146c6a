/** The act of indexing words: after the answers, some messages at a time, and before a search. */
import { type Budget, each, ROWS, type Slice } from "../commits/slices.ts";
import type { Engine } from "../engine.ts";

/** Indexes the words of what was accepted since, a slice at a time; how far is kept in the same transaction. */
export function indexWords({ indexed }: Engine) {
  return (budget: Budget): Slice<number> => {
    let last: number | undefined;
    const slice = each(budget, indexed.behind(ROWS), ROWS, ({ pk, body }) => {
      indexed.add(pk, body);
      last = pk;
    });
    // Once: FTS5 writes what it has gathered before every other statement that changes rows.
    if (last !== undefined) indexed.setUntil(last);
    return slice;
  };
}

/** How long the words of a message wait, in milliseconds: those of all that is accepted meanwhile are indexed together. */
const BEHIND_MS = 250;

/** Keeps the index close behind the messages. */
export class WordsBehind {
  readonly #index: () => Promise<unknown>;
  #timer: NodeJS.Timeout | undefined;

  /** `index` indexes all that is behind. */
  constructor(index: () => Promise<unknown>) {
    this.#index = index;
  }

  /** Messages were accepted. */
  grew(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // What fails here is done with the next messages, or before a search, which says why it cannot be.
      this.#index().catch(() => {});
    }, BEHIND_MS).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
