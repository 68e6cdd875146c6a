/** What a load is: something hostile or unlucky done to a broker, and what may come of it for everybody else. */
import { MeshClient } from "@agentmesh/client";

/** The broker under a load, as the loading program sees it. */
export interface Ground {
  readonly url: string;
  readonly port: number;
  readonly key: string;
}

/** What a load did. */
export interface Done {
  /** In a line, for the report. */
  readonly did: string;
  /** Messages that were answered 2xx: each has to be there in the end. */
  readonly accepted?: readonly string[];
  /** What was not as it should be, a sentence each. */
  readonly wrong?: readonly string[];
}

/** What may come of a load. */
export interface Bound {
  /** Times that a bystander's p99 may be of what it is when all is quiet. */
  readonly timesQuiet: number;
  /** Milliseconds that it is never over. */
  readonly p99Ms: number;
  /** Milliseconds of the processor for which the broker's event loop is held at a time: nothing else on the machine matters. */
  readonly heldMs: number;
  /** Resident memory of the broker at its peak. */
  readonly rssMiB: number;
  /** Bytes that the broker logs in a second. */
  readonly logBytesPerS: number;
}

/** The bound of every load that names no other. */
export const BOUND: Bound = { timesQuiet: 5, p99Ms: 250, heldMs: 100, rssMiB: 512, logBytesPerS: 16_384 };

/** A load of the table. */
export interface Load {
  readonly name: string;
  /** The room it stands in: what of the broker it is about. */
  readonly kind: "acts" | "looks" | "memory" | "connections" | "webhooks" | "log";
  /** In a few words, for the table. */
  readonly what: string;
  /** Settings of the broker while it is prepared and loaded. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further settings while it is loaded. */
  readonly envThen?: Readonly<Record<string, string>>;
  /** What the bystander does meanwhile: mail from one agent to another, or reads where nothing is accepted. */
  readonly bystander?: "mail" | "reads";
  readonly bound?: Partial<Bound>;
  /** Stores what it takes; what it returns is done after the broker was started anew. */
  prepare(ground: Ground): Promise<Act>;
}

/**
 * The load itself: ends by itself, after a bounded number of calls and a bounded time. It calls `begins` when it has only
 * got ready so far: what comes then is measured.
 */
export type Act = (ground: Ground, begins: () => Promise<void>) => Promise<Done>;

/** A client that tries once and waits long. */
export function clientOf({ url }: Ground, token: string): MeshClient {
  return new MeshClient({ url, token, retryForMs: 0, timeoutMs: 100_000 });
}

/** An agent of a load. */
export interface Hand {
  readonly name: string;
  readonly token: string;
}

/** Registers `count` agents called after `prefix`. */
export async function hands(ground: Ground, prefix: string, count: number): Promise<Hand[]> {
  const admin = clientOf(ground, ground.key);
  return await atOnce(count, 32, async (i) => {
    const name = `${prefix}-${i}`;
    const { token = "" } = await admin.register({ name });
    return { name, token };
  });
}

/** Does `act` for 0 … count - 1, so many at a time; the results in order. */
export async function atOnce<T>(count: number, width: number, act: (i: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const i = next++;
      results[i] = await act(i);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
  return results;
}

/** What calls were answered, counted: `20 × ok, 3 × rate_limited`. */
export class Answers {
  readonly #counts = new Map<string, number>();

  /** Makes a call and counts its answer. */
  async of<T>(call: Promise<T>): Promise<T | undefined> {
    try {
      const value = await call;
      this.count("ok");
      return value;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
      this.count(code);
      return undefined;
    }
  }

  /** Counts an answer. */
  count(answer: string): void {
    this.#counts.set(answer, (this.#counts.get(answer) ?? 0) + 1);
  }

  /** How often this one came. */
  times(answer: string): number {
    return this.#counts.get(answer) ?? 0;
  }

  toString(): string {
    return [...this.#counts].map(([answer, times]) => `${times} × ${answer}`).join(", ") || "no answer";
  }
}
