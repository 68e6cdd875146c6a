/** Lanes: what waits of each caller, taken a few of one lane after a few of the next. */

/** What waits, in a lane per key. */
export class Lanes<K, T> {
  readonly #lanes = new Map<K, T[]>();
  readonly #inARow: number;
  #taken = 0;

  /** So many of a lane are taken before the next lane's. */
  constructor(inARow: number) {
    this.#inARow = inARow;
  }

  /** Nothing waits. */
  get isEmpty(): boolean {
    return this.#lanes.size === 0;
  }

  /** Puts something at the end of a lane. */
  add(key: K, item: T): void {
    const lane = this.#lanes.get(key);
    if (lane) lane.push(item);
    else this.#lanes.set(key, [item]);
  }

  /**
   * The first of the lane whose turn it is, of those that have not had their share; after so many, or when it is empty, it goes
   * to the end of the line of lanes.
   */
  next(hadItsShare: (key: K) => boolean = () => false): T | undefined {
    for (const [key, lane] of this.#lanes) {
      if (hadItsShare(key)) continue;
      const item = lane.shift();
      if (lane.length > 0 && ++this.#taken < this.#inARow) return item;
      this.#taken = 0;
      this.#lanes.delete(key);
      if (lane.length > 0) this.#lanes.set(key, lane);
      return item;
    }
    return undefined;
  }
}
