/** What the trials are made of: facts that are insisted on, waits that end, times. */

/** A trial that did not pass: what was seen instead of what has to be. */
export class Failed extends Error {
  override readonly name = "Failed";
}

/** Insists on a fact. @throws Failed */
export function insist(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Failed(otherwise);
}

/** How long one step of a trial may take: a machine may be busy, a message is not. */
export const STEP_MS = 25_000;

/** What comes in time. @throws Failed */
export async function inTime<T>(what: string, coming: Promise<T>, ms = STEP_MS): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Failed(`${what} did not come within ${ms / 1_000} s`)), ms);
  try {
    return await Promise.race([coming, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

const LOOK_EACH_MS = 25;

/** Looks until there is something. @throws Failed */
export async function until<T>(what: string, look: () => Promise<T | undefined>, ms = STEP_MS): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    insist(performance.now() < deadline, `${what} did not come within ${ms / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EACH_MS));
  }
}

/** Milliseconds since it was made, as they are shown. */
export function stopwatch(): () => string {
  const began = performance.now();
  return () => `${Math.round(performance.now() - began)} ms`;
}
