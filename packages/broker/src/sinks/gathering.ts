/** Gathers what is written, so that many events reach a reader as one piece: each piece costs who reads it more than an event does. */

/** Characters at which a piece is written before its time. */
const MOST = 98_304;
/** A piece of so many texts, and of as many for each second that it was gathered, comes of much that happens. */
const MANY = 20;

/** For how long is gathered, in milliseconds: the first behind little, and the next one behind each piece of much that happens. */
export type Rests = readonly [number, ...number[]];

/** What comes first is written at once; what follows, when the rest is over. */
export class Gathering {
  readonly #write: (text: string) => void;
  readonly #rests: Rests;
  #gathered = "";
  /** How many came since the rest before this one. */
  #texts = 0;
  /** Which of the rests it is. */
  #step = 0;
  #rest: NodeJS.Timeout | undefined;

  constructor(write: (text: string) => void, rests: Rests) {
    this.#write = write;
    this.#rests = rests;
  }

  /** Writes a text, or keeps it for the next piece. */
  add(text: string): void {
    this.#gathered += text;
    this.#texts++;
    if (this.#rest === undefined || this.#gathered.length >= MOST) this.flush();
  }

  /** Writes what is kept; false when it is nothing. */
  flush(): boolean {
    const text = this.#gathered;
    if (text === "") return false;
    this.#gathered = "";
    this.#rest ??= this.#begin();
    this.#write(text);
    return true;
  }

  /** Nobody reads any more. */
  end(): void {
    clearTimeout(this.#rest);
    this.#gathered = "";
  }

  /** How long is rested now, in milliseconds. */
  get #restMs(): number {
    return this.#rests[this.#step] ?? this.#rests[0];
  }

  #begin(): NodeJS.Timeout {
    const isMuch = this.#texts >= MANY * Math.max(1, this.#restMs / 1_000);
    this.#step = isMuch ? Math.min(this.#step + 1, this.#rests.length - 1) : 0;
    this.#texts = 0;
    return setTimeout(() => {
      this.#rest = undefined;
      if (!this.flush()) this.#step = 0;
    }, this.#restMs);
  }
}
