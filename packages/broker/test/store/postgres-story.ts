/** What tests of brokers on one Postgres have in common. */
import type { SeatTimes } from "../../src/store/postgres/database/seat.ts";

/** A seat ends sooner than usual. */
export const QUICK: SeatTimes = { renewMs: 100, endsMs: 1_500, dutyMs: 800, believedMs: 400, waitsMs: 600 };

export const RETRY = { maxAttempts: 3, delayMs: () => 0 };
