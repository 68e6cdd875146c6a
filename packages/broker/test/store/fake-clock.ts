/** A clock that a test moves. */
import type { Clock } from "../../src/mesh/clock.ts";

/** Time that stands still until `advance`. */
export interface FakeClock extends Clock {
  advance(ms: number): void;
}

/** A clock at a fixed time. */
export function fakeClock(now = Date.UTC(2026, 10, 22)): FakeClock {
  return {
    now: () => now,
    advance: (ms) => {
      now += ms;
    },
  };
}
