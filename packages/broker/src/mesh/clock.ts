/** Where the mesh gets the time from. */

/** Source of wall-clock time; replaced where a test's subject is time. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** The machine's clock. */
export const systemClock: Clock = { now: Date.now };

/** A stored time as it stands on the wire (RFC 3339 UTC). */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
