/** Acts in the order in which they were asked for, each lane by itself. Order alone: what is true is in the store. */

/** Lanes of acts. */
export class ActLanes {
  readonly #ends = new Map<string, Promise<unknown>>();

  /** Runs an act when those before it in its lane are over. */
  run<T>(lane: string, act: () => Promise<T>): Promise<T> {
    const before = this.#ends.get(lane) ?? Promise.resolve();
    const done = before.then(act);
    const end = done
      .catch(() => {})
      .then(() => {
        if (this.#ends.get(lane) === end) this.#ends.delete(lane);
      });
    this.#ends.set(lane, end);
    return done;
  }

  /** Resolves when all that was asked for is over. */
  async drained(): Promise<void> {
    while (this.#ends.size > 0) await Promise.all(this.#ends.values());
  }
}
