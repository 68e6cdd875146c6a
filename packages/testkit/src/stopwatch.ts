/** Measuring how long something takes on a machine that itself may pause. */

const TICK_MS = 20;
/** What is longer between two ticks was a pause of the machine, or of this process: it counts as this. */
const LONGEST_TICK_MS = 60;

/** Starts to measure; the returned function stops, and says how many milliseconds passed while the machine ran. */
export function stopwatch(): () => number {
  let ran = 0;
  let last = performance.now();
  const tick = () => {
    const now = performance.now();
    ran += Math.min(now - last, LONGEST_TICK_MS);
    last = now;
  };
  const timer = setInterval(tick, TICK_MS).unref();
  return () => {
    clearInterval(timer);
    tick();
    return ran;
  };
}
