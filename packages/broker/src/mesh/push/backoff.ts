/** When a returned delivery may be leased again, and how what failed together is kept from being tried again together. */

const SCHEDULE_MS = [0, 1_000, 5_000, 30_000, 120_000, 600_000];

/** Delay after failure 1, 2, 3 …: 0, 1 s, 5 s, 30 s, 2 min, 10 min, each ±20 %. */
export function redeliveryDelayMs(failures: number): number {
  const base = SCHEDULE_MS[Math.min(failures, SCHEDULE_MS.length) - 1] ?? 0;
  return Math.round(spread(base));
}

/** A time ±20 %. */
export function spread(ms: number): number {
  return ms * (0.8 + Math.random() * 0.4);
}
