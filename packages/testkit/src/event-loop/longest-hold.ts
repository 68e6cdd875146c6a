/** How long others have to wait for something done in the same process. */
import { until } from "../until.ts";
import { watchTicks } from "./ticks.ts";

/**
 * The longest time of the processor, in milliseconds, for which the event loop was held at a time while something was done,
 * its first turn and its last one too. What other programs do meanwhile makes no difference.
 */
export async function longestHold(act: () => Promise<unknown>): Promise<number> {
  let ticks = 0;
  let longest = 0;
  using _ = watchTicks(1, ({ heldMs }) => {
    ticks++;
    longest = Math.max(longest, heldMs);
  });
  await until(() => ticks > 0, "the first tick");
  longest = 0;
  await act();
  const before = ticks;
  await until(() => ticks > before, "the tick after the last turn");
  return longest;
}
