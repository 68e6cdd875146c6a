/** The page's clock: what has it tick, and what is drawn because it does. */
import { batch, computed, type ReadonlySignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { isBusy, now } from "./time.ts";

/** Where much is drawn anyway, the clock ticks with that, and by itself more rarely. */
const TICK_MS = 1_000;
const BUSY_TICK_MS = 4_000;
let next: ReturnType<typeof setTimeout> | undefined;

/** Has the clock tick, for as long as somebody sees it; what it returns ends that. */
export function startClock(): () => void {
  const seen = () => tick();
  tick();
  document.addEventListener("visibilitychange", seen);
  return () => {
    clearTimeout(next);
    document.removeEventListener("visibilitychange", seen);
  };
}

/** Has it tick now, with what is drawn anyway: what came and the ages are one picture. */
export function tick(isMuch = false): void {
  clearTimeout(next);
  if (document.hidden) return;
  batch(() => {
    isBusy.value = isMuch;
    now.value = Date.now();
  });
  next = setTimeout(tick, isMuch ? BUSY_TICK_MS : TICK_MS);
}

/** What time changes: whoever shows it draws it alone, and only when it is another one. `of` is what it is made of. */
export function useTimed<T>(make: () => T, of: readonly unknown[]): ReadonlySignal<T> {
  return useMemo(() => computed(make), of);
}
