/** Hints that something may be leasable, or that the log grew. Truth is in the store. */

/** Listeners by key; waking calls them all, in the order they came. */
export class Wakes<K> {
  readonly #waiting = new Map<K, Set<() => void>>();

  /** Calls `listener` at each wake of `key` until the returned function is called. */
  on(key: K, listener: () => void): () => void {
    const listeners = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#waiting.delete(key);
    };
  }

  /** `over` resolves at the next wake of `key`, after `ms`, when `signal` aborts, or when the wait is disposed. */
  wait(key: K, ms: number, signal: AbortSignal): { readonly over: Promise<void> } & Disposable {
    const { promise, resolve: end } = Promise.withResolvers<void>();
    const resolve = () => end();
    const timer = setTimeout(resolve, Math.max(0, ms));
    const off = this.on(key, resolve);
    signal.addEventListener("abort", resolve, { once: true });
    if (signal.aborted) resolve();
    return {
      over: promise,
      [Symbol.dispose]: () => {
        clearTimeout(timer);
        off();
        signal.removeEventListener("abort", resolve);
      },
    };
  }

  /** Calls all listeners. */
  wakeAll(): void {
    for (const key of [...this.#waiting.keys()]) this.wake(key);
  }

  /** Calls the listeners of `key`. */
  wake(key: K): void {
    for (const listener of [...(this.#waiting.get(key) ?? [])]) listener();
  }
}
