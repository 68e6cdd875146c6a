/** What is done when a signal ends, as long as somebody wants it. */

const wanted = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls once when the signal ends, until the returned function is called; of one that has ended, never. One listener of each signal stays:
 * Bun 1.3 (1.3.14) never ends an `AbortSignal.timeout` from which the last listener was taken, whoever listens to it later.
 */
export function whenEnded(signal: AbortSignal | undefined, call: () => void): () => void {
  if (!signal) return () => {};
  let calls = wanted.get(signal);
  if (!calls) {
    const all = new Set<() => void>();
    wanted.set(signal, all);
    signal.addEventListener(
      "abort",
      () => {
        for (const each of all) each();
        all.clear();
      },
      { once: true },
    );
    calls = all;
  }
  // The same function may be wanted twice: each has an end of its own.
  const once = () => call();
  calls.add(once);
  return () => void calls.delete(once);
}
