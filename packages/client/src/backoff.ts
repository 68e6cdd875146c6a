/** Waiting between tries. */
import { whenEnded } from "./when-ended.ts";

/** Full-jitter delay before try `attempt` (1, 2, 3 …): uniform in 0 … min(cap, base · 2^(attempt−1)), in milliseconds. */
export function backoffMs(attempt: number, baseMs = 100, capMs = 2_000): number {
  return Math.random() * Math.min(capMs, baseMs * 2 ** (attempt - 1));
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      over();
      resolve();
    };
    const timer = setTimeout(done, ms);
    const over = whenEnded(signal, done);
  });
}
