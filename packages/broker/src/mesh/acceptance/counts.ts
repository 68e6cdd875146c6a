/** What was sent in the last minute, counted: in a broker's memory where it is the mesh's only one, where a restart forgives. */
import type { Clock } from "../clock.ts";
import type { Budget, CountedText, SharedMesh, UsedUp } from "../store/shared.ts";

const MINUTE_MS = 60_000;

/** What the loop guard counts with. */
export interface Counts {
  spend(text: CountedText | undefined, budgets: readonly Budget[]): UsedUp | undefined | Promise<UsedUp | undefined>;
  takeBack(text: CountedText): void | Promise<void>;
}

/** Those of one broker. */
export class OwnCounts implements Counts {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();
  readonly #texts = new Map<string, { readonly since: number; readonly names: Set<string> }>();
  #sweptAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Before it is stored, so that many at once are counted, too. */
  spend(text: CountedText | undefined, budgets: readonly Budget[]): UsedUp | undefined {
    const now = this.#clock.now();
    this.#sweep(now);
    const before = text && this.#texts.get(text.key);
    const seen = before && Math.abs(now - before.since) < MINUTE_MS ? before : { since: now, names: new Set<string>() };
    if (text && !seen.names.has(text.name) && seen.names.size >= text.most) return { what: "text" };
    const filled = budgets.map((budget) => this.#filled(budget, now));
    const n = filled.findIndex(({ tokens }) => tokens < 1);
    if (n >= 0) return { what: "budget", n, rest: filled[n]?.tokens ?? 0 };
    for (const bucket of filled) bucket.tokens -= 1;
    if (text) {
      seen.names.add(text.name);
      this.#texts.set(text.key, seen);
    }
    return undefined;
  }

  takeBack({ key, name }: CountedText): void {
    this.#texts.get(key)?.names.delete(name);
  }

  #filled({ key, perMinute }: Budget, now: number): { tokens: number; at: number } {
    const bucket = this.#buckets.get(key) ?? { tokens: perMinute, at: now };
    const refill = (Math.max(0, now - bucket.at) / MINUTE_MS) * perMinute;
    bucket.tokens = Math.min(perMinute, bucket.tokens + refill);
    bucket.at = now;
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Forgets what is a minute old, so that memory follows the traffic. */
  #sweep(now: number): void {
    if (now - this.#sweptAt < MINUTE_MS && now >= this.#sweptAt) return;
    this.#sweptAt = now;
    for (const [key, { at }] of this.#buckets) if (now - at > MINUTE_MS) this.#buckets.delete(key);
    for (const [key, { since }] of this.#texts) if (now - since > MINUTE_MS) this.#texts.delete(key);
  }
}

/** Those of the mesh: its brokers' together, or those of the one that there is. */
export function countsOf(shared: SharedMesh | undefined, clock: Clock): Counts {
  return shared ?? new OwnCounts(clock);
}
