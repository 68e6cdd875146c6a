/** Gathers what is written, so that many events reach a reader as one piece: each piece costs who reads it more than an event does. */

/** Characters at which a piece is written before its time. */
const MOST = 65_536;
/** A piece of so many texts comes of much that happens. */
const MANY = 20;

/** For how long is gathered, in milliseconds: `busy` behind a piece of many texts. */
export interface Rests {
  readonly usual: number;
  readonly busy: number;
}

/** What comes first is written at once; what follows, when the rest is over. */
export class Gathering {
  readonly #write: (text: string) => void;
  readonly #rests: Rests;
  #gathered = "";
  #texts = 0;
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
    const restMs = this.#texts >= MANY ? this.#rests.busy : this.#rests.usual;
    this.#gathered = "";
    this.#texts = 0;
    this.#rest ??= setTimeout(() => {
      this.#rest = undefined;
      this.flush();
    }, restMs);
    this.#write(text);
    return true;
  }

  /** Nobody reads any more. */
  end(): void {
    clearTimeout(this.#rest);
    this.#gathered = "";
  }
}
