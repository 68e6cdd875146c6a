/** Gathers what is written, so that many events reach a reader as one piece: each piece costs who reads it more than an event does. */

/** Characters at which a piece is written before its time. */
const MOST = 16_384;

/** What comes first is written at once; what follows, when so many milliseconds are over. */
export class Gathering {
  readonly #write: (text: string) => void;
  readonly #restMs: number;
  #gathered = "";
  #rest: NodeJS.Timeout | undefined;

  constructor(write: (text: string) => void, restMs: number) {
    this.#write = write;
    this.#restMs = restMs;
  }

  /** Writes a text, or keeps it for the next piece. */
  add(text: string): void {
    this.#gathered += text;
    if (this.#rest === undefined || this.#gathered.length >= MOST) this.flush();
  }

  /** Writes what is kept; false when it is nothing. */
  flush(): boolean {
    const text = this.#gathered;
    if (text === "") return false;
    this.#gathered = "";
    this.#rest ??= setTimeout(() => {
      this.#rest = undefined;
      this.flush();
    }, this.#restMs);
    this.#write(text);
    return true;
  }

  /** Nobody reads any more. */
  end(): void {
    clearTimeout(this.#rest);
    this.#gathered = "";
  }
}
