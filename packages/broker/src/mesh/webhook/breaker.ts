/** Circuit breaker of one webhook: closed, open for a while, half open for one try. */
import { spread } from "../push/backoff.ts";

/** When it opens, and for how long; times in milliseconds. */
export interface BreakerNumbers {
  /** Failures in a row that open it. */
  readonly inARow: number;
  /** Of the last `window` posts, this many failures open it too. */
  readonly window: number;
  readonly inWindow: number;
  /** First rest; each failed try doubles it, up to `maxRestMs`. */
  readonly restMs: number;
  readonly maxRestMs: number;
}

/** Opens after 5 failures in a row or 10 of the last 20, rests 30 s, at most 10 min. */
export const BREAKER: BreakerNumbers = { inARow: 5, window: 20, inWindow: 10, restMs: 30_000, maxRestMs: 600_000 };

/** Whether posts may be made, by how the last ones went. */
export class Breaker {
  readonly #numbers: BreakerNumbers;
  readonly #now: () => number;
  #failures = 0;
  #rests = 0;
  #window: boolean[] = [];
  #restsUntil: number | undefined;

  /** `now` is a monotonic clock. `failures` and `isOpen` are how an earlier process left it: it is tried once at once. */
  constructor(numbers: BreakerNumbers, now: () => number, before?: { failures: number; isOpen: boolean }) {
    this.#numbers = numbers;
    this.#now = now;
    this.#failures = before?.failures ?? 0;
    if (before?.isOpen) this.#restsUntil = now();
  }

  get state(): "closed" | "open" | "half_open" {
    if (this.#restsUntil === undefined) return "closed";
    return this.#now() < this.#restsUntil ? "open" : "half_open";
  }

  /** Failed posts in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** How much longer it is open, in whole milliseconds. */
  get restsForMs(): number {
    return this.#restsUntil === undefined ? 0 : Math.max(0, Math.ceil(this.#restsUntil - this.#now()));
  }

  /** How many more posts may begin while `inFlight` are under way: half open, one alone. */
  credit(inFlight: number): number {
    if (this.state === "open") return 0;
    return this.state === "half_open" ? Math.max(0, 1 - inFlight) : Number.POSITIVE_INFINITY;
  }

  /** A post was taken: closed. */
  taken(): void {
    if (this.#restsUntil !== undefined) this.#window = [];
    this.#failures = 0;
    this.#rests = 0;
    this.#restsUntil = undefined;
    this.#remember(true);
  }

  /** A post failed. One that was under way when the breaker opened changes nothing but the count. */
  failed(): void {
    this.#failures++;
    this.#remember(false);
    if (this.state === "open") return;
    const { inARow, inWindow, restMs, maxRestMs } = this.#numbers;
    const full = this.#window.length === this.#numbers.window;
    const tooMany = full && this.#window.filter((taken) => !taken).length >= inWindow;
    if (this.state === "closed" && this.#failures < inARow && !tooMany) return;
    const ms = Math.min(maxRestMs, restMs * 2 ** this.#rests++);
    this.#restsUntil = this.#now() + spread(ms);
  }

  /** The receiver asked for time: open that long, at least. */
  rest(ms: number): void {
    this.#restsUntil = Math.max(this.#restsUntil ?? 0, this.#now() + ms);
  }

  #remember(taken: boolean): void {
    this.#window = [...this.#window, taken].slice(-this.#numbers.window);
  }
}
