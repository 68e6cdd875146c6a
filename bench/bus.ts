/** What ours and what stands beside it have in common: lanes from one sender to one receiver, and one to many. */

/** When things came about after the send was begun, in milliseconds. */
export interface Trip {
  /** The sender was told that it is kept. */
  readonly answered: number;
  /** The receiver has it. */
  readonly received: number;
  /** The receiver was told that its ack is kept. */
  readonly acked: number;
}

/** One sender and one receiver; one message at a time. */
export interface Lane {
  /** Sends one message, and ends when it is received and acked and the sender was answered. */
  trip(body: string): Promise<Trip>;
}

/** When one message was kept for all, and when the last of its receivers had it, in milliseconds. */
export interface Spread {
  readonly answered: number;
  readonly last: number;
}

/** One sender and many receivers that listen. */
export interface Fan {
  spread(body: string): Promise<Spread>;
}

/** A server that carries messages, by itself on this machine with a folder of its own. */
export interface Bus extends AsyncDisposable {
  lanes(count: number): Promise<Lane[]>;
  fan(receivers: number): Promise<Fan>;
}

/** Waits for one thing at a time: what comes in ends the wait that was begun before. */
export class Arrival<T> {
  #resolve: ((value: T) => void) | undefined;

  next(): Promise<T> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  came(value: T): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    resolve?.(value);
  }
}

/** Counts up to a number, and then ends the wait. */
export class Tally {
  readonly #all: number;
  #missing = 0;
  #resolve: ((at: number) => void) | undefined;

  constructor(all: number) {
    this.#all = all;
  }

  /** The moment of the last one. */
  whole(): Promise<number> {
    this.#missing = this.#all;
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  one(): void {
    if (--this.#missing === 0) this.#resolve?.(performance.now());
  }
}

/** Does something for each, some at a time. */
export async function eachOf<T, R>(
  items: readonly T[],
  atOnce: number,
  act: (item: T, i: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < items.length; i = next++) {
      const item = items[i];
      if (item !== undefined) results[i] = await act(item, i);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}

/** The numbers from 0 up. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Fails instead of waiting for ever: a load is bounded in time. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms / 1_000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
