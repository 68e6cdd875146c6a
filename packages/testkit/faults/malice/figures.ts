/** Figures of times: percentiles, and the times that a waiting bystander could not take. */

/** The value that this share of all does not exceed; 0 of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/**
 * The times with those added that were not taken: who means to begin every `everyMs` and waits for a long one begins fewer,
 * though each of these would have waited too.
 */
export function withOmitted(times: readonly number[], everyMs: number): number[] {
  return times.flatMap((time) => {
    const missing = Math.max(0, Math.ceil(time / everyMs) - 1);
    return [time, ...Array.from({ length: missing }, (_, i) => time - (i + 1) * everyMs)];
  });
}
