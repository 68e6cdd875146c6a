/** Lanes: what waits of each caller, taken a few of one lane after a few of the next. */

/** So many of a lane are taken in a row: who is sent much has to ask as much. */
const IN_A_ROW = 8;

/** What waits, in a lane per key. */
export class Lanes<K, T> {
  readonly #lanes = new Map<K, T[]>();
  #taken = 0;

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

  /** The first of the lane whose turn it is; after so many, or when it is empty, it goes to the end of the line of lanes. */
  next(): T | undefined {
    const [first] = this.#lanes;
    if (!first) return undefined;
    const [key, lane] = first;
    const item = lane.shift();
    if (lane.length > 0 && ++this.#taken < IN_A_ROW) return item;
    this.#taken = 0;
    this.#lanes.delete(key);
    if (lane.length > 0) this.#lanes.set(key, lane);
    return item;
  }
}
