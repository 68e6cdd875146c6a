/** Where a client's broker may be, and which of these places is in use: the next one once that is lost. */
import { whenEnded } from "../when-ended.ts";

/** Where a broker is, and which certificate is trusted there. */
export interface BrokerPlace {
  readonly url: string;
  /** The certificate, as PEM, that is trusted there and no other authority; without it those that the system knows. */
  readonly ca?: string | undefined;
  /** The address to connect to, of several that the name in `url` has. */
  readonly at?: string | undefined;
  /** At how many other places the same mesh may be reached: a call that fails here is made there. */
  readonly others?: number | undefined;
}

/** What is told to whoever looks for the broker. */
export interface Search {
  /** The place that was lost last: it is asked behind the others. */
  readonly lost?: BrokerPlace | undefined;
}

/** One address or several of brokers of one mesh, or a function that finds (and may start) it. */
export type BrokerUrl = string | readonly string[] | ((search: Search) => Promise<string | BrokerPlace>);

/** The places of one connection. */
export class Places {
  readonly #find: (search: Search) => Promise<BrokerPlace>;
  /** Whether they are looked for, and not only told. */
  readonly isSought: boolean;
  #found: Promise<BrokerPlace> | undefined;
  #used: BrokerPlace | undefined;
  #lost: BrokerPlace | undefined;
  #life = 0;

  constructor(url: BrokerUrl, ca: string | undefined) {
    this.isSought = typeof url === "function";
    if (typeof url === "function") {
      this.#find = async (search) => {
        const found = await url(search);
        return typeof found === "string" ? { url: found, ca } : found;
      };
      return;
    }
    const listed = [url].flat().map((each) => ({ url: each.replace(/\/+$/, ""), ca }));
    let turn = 0;
    this.#find = async ({ lost }) => {
      if (lost !== undefined) turn++;
      const next = listed[turn % listed.length];
      if (next === undefined) throw new TypeError("A client needs the address of a broker, and was given none.");
      return { ...next, others: listed.length - 1 };
    };
  }

  /**
   * The place in use, found if it has to be. Who gives up waiting ends no search: others may wait for it.
   * @throws what the search for it does; the signal's reason
   */
  async place(signal?: AbortSignal): Promise<BrokerPlace> {
    signal?.throwIfAborted();
    this.#found ??= this.#search();
    return untilEnded(this.#found, signal);
  }

  #search(): Promise<BrokerPlace> {
    const found: Promise<BrokerPlace> = this.#find({ lost: this.#lost }).then(
      (place) => {
        if (this.#found === found) this.#used = place;
        return place;
      },
      (error: unknown) => {
        if (this.#found === found) this.#found = undefined;
        throw error;
      },
    );
    return found;
  }

  /** Has the next call look for the broker anew. A place that is not in use any more, as others have found, is not lost again. */
  lost(place: BrokerPlace | undefined = this.#used): void {
    if (place !== this.#used) return;
    this.#life++;
    this.#lost = place;
    this.#found = undefined;
    this.#used = undefined;
  }

  /** How often one was lost: what is known of the broker holds until the next time. */
  get life(): number {
    return this.#life;
  }
}

/** What comes of `work`, unless the signal ends before; as soon with a signal as without: calls keep their order. */
function untilEnded<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const over = whenEnded(signal, () => reject(signal?.reason));
    void work.then(resolve, reject).finally(over);
  });
}
