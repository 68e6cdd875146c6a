/** How long the faults may keep senders waiting: stated in docs/reliability.md. */

/** From the end of a fault of a kind to the next answered send, in milliseconds. */
export const RECOVERY_MS = {
  kill: 10_000,
  stop: 5_000,
  "second broker": 5_000,
  "disk full": 10_000,
  "file limit": 10_000,
  "failed flush": 10_000,
  "outside lock": 5_000,
  "clock step": 5_000,
  "half-open receiver": 5_000,
  "kill of some": 10_000,
  "database kill": 10_000,
  "database away": 15_000,
  cut: 5_000,
  delay: 5_000,
  "hold-up": 5_000,
  forgotten: 5_000,
} as const;

/** What is done to a broker. */
export type FaultKind = keyof typeof RECOVERY_MS;

/** Without an answered send while nothing is done to the broker. */
export const QUIET_MS = 5_000;

/** Later than a lease's end or the backoff, after the last send. */
export const DRAIN_GRACE_MS = 10_000;

/** The bound of a kind by its name. */
export function recoveryMs(kind: string): number {
  return Object.entries(RECOVERY_MS).find(([name]) => name === kind)?.[1] ?? 0;
}
