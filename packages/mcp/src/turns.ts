/** Turns: one after the other, for acts that must not overlap. */

/** Gives out turns in the order they were asked for. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Waits until every earlier turn is over; returns the function that ends this one. @throws the signal's reason */
  async take(signal: AbortSignal): Promise<() => void> {
    const before = this.#last;
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    this.#last = before.then(() => over);
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await Promise.race([before, aborted]);
    if (signal.aborted) {
      end();
      throw signal.reason;
    }
    return end;
  }
}
