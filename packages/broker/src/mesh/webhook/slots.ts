/** How many posts to webhooks may be under way at once; those that fail cannot take the place of those that work. */

/** All posts under way, and at most how many of them to webhooks that have not just shown that they work. */
export const SLOTS = { all: 256, doubtful: 128 };

/** Gives out slots; who gets none is called when one is free. */
export class Slots {
  readonly #limits: typeof SLOTS;
  readonly #waiting = new Set<() => void>();
  #all = 0;
  #doubtful = 0;

  constructor(limits: typeof SLOTS = SLOTS) {
    this.#limits = limits;
  }

  /** A slot, as the function that gives it back; or undefined, and `again` is called when one was given back. */
  take(doubtful: boolean, again: () => void): (() => void) | undefined {
    if (this.#all >= this.#limits.all || (doubtful && this.#doubtful >= this.#limits.doubtful)) {
      this.#waiting.add(again);
      return undefined;
    }
    this.#all++;
    if (doubtful) this.#doubtful++;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#all--;
      if (doubtful) this.#doubtful--;
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const each of waiting) each();
    };
  }
}
