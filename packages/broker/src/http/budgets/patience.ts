/**
 * Patience: who is told again and again to come later, and does not, is told so a moment later. A refusal costs the broker
 * nearly as much as what was asked; a caller that repeats it at once would have the processor to itself.
 */

/** Refusals of one caller within a second that are answered at once, and by how long each one beyond is delayed. */
export const patienceLimits = { refusals: 20, delayMs: 100 } as const;

const WINDOW_MS = 1_000;

/** Counts the refusals of callers, those without a token as one. */
export class Patience {
  readonly #counts = new Map<string, number>();
  #since = 0;

  /** One more refusal that says to try later: how long it is kept back, in milliseconds. */
  delayMs(share: string): number {
    const now = performance.now();
    if (now - this.#since >= WINDOW_MS) {
      this.#counts.clear();
      this.#since = now;
    }
    const count = (this.#counts.get(share) ?? 0) + 1;
    this.#counts.set(share, count);
    return count > patienceLimits.refusals ? patienceLimits.delayMs : 0;
  }
}
