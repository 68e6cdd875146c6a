/** Where the mesh gets the time from. */
import type { TimeWords } from "@agentmesh/protocol";

/** Source of time, near that of the wall; replaced where a test's subject is time. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/**
 * The machine's clock without its steps: it goes on evenly when the wall clock is set, or the machine has slept, until it
 * is told to follow. So the store can move what runs along with it, in one act.
 */
export class SteadyClock implements Clock {
  /** The wall clock's time when this process began to count. */
  #origin = Date.now() - performance.now();

  now(): number {
    return Math.floor(this.#origin + performance.now());
  }

  /** How far the wall clock is ahead, in milliseconds; behind it is negative. */
  step(): number {
    return Date.now() - this.now();
  }

  follow(ms: number): void {
    this.#origin += ms;
  }
}

/** The time that was asked for last: of many deliveries that begin together each asks for the same. */
let last = { ms: 0, text: "1970-01-01T00:00:00.000Z" };

/** A stored time as it stands on the wire (RFC 3339 UTC). */
export function timestamp(ms: number): string {
  if (last.ms !== ms) last = { ms, text: new Date(ms).toISOString() };
  return last.text;
}

/** Times in the sentences of the mesh; whoever shows them to people puts them into theirs. */
export const TIMES: TimeWords = { past: (at) => at, coming: (at) => at };
