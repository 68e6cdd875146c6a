/** A rest, for what is measured over a window of time. */

/** Ends after so many milliseconds. */
export function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
