/** Terms of the brokers on one Postgres, in the tests' process and in another. */
import type { SeatTimes } from "../../src/store/postgres/database/seat.ts";

/** A seat ends sooner than usual. */
export const QUICK: SeatTimes = { renewMs: 100, endsMs: 1_500, dutyMs: 800, believedMs: 400, waitsMs: 600 };

/** What failed may be tried again at once. */
export const RETRY = { maxAttempts: 3, delayMs: () => 0 };
