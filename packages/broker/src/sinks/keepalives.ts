/** Keepalives of all streams by one timer: a wheel with a slot for each second. */

/** What is told that its time has come, once in a turn of the wheel. */
export type Beat = () => void;

const SLOT_MS = 1_000;

/** A wheel that turns once in so many milliseconds, and stands still while nothing is on it. */
export class Keepalives {
  readonly #slots: readonly Set<Beat>[];
  #place = 0;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(turnMs: number, slotMs = Math.min(SLOT_MS, turnMs)) {
    this.#slots = Array.from({ length: Math.ceil(turnMs / slotMs) }, () => new Set());
    this.#slotMs = slotMs;
  }

  readonly #slotMs: number;

  /** Puts one on the wheel; the returned function takes it off. Its first time comes within a turn, and a slot before that at most. */
  add(beat: Beat): () => void {
    const slot = this.#slots[this.#place];
    slot?.add(beat);
    this.#size++;
    this.#timer ??= setInterval(() => this.#turn(), this.#slotMs).unref();
    return () => {
      if (!slot?.delete(beat)) return;
      this.#size--;
      if (this.#size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #turn(): void {
    this.#place = (this.#place + 1) % this.#slots.length;
    for (const beat of this.#slots[this.#place] ?? []) beat();
  }
}
