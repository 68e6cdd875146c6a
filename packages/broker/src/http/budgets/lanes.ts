/** Lanes: what waits of each caller, taken one of a lane after one of the other. */

/** What waits, in a lane per key. */
export class Lanes<K, T> {
  readonly #lanes = new Map<K, T[]>();

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

  /** The first of the lane whose turn it is, which then goes to the end of the line of lanes. */
  next(): T | undefined {
    const [first] = this.#lanes;
    if (!first) return undefined;
    const [key, lane] = first;
    const item = lane.shift();
    this.#lanes.delete(key);
    if (lane.length > 0) this.#lanes.set(key, lane);
    return item;
  }
}
