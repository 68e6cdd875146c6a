/** Waiting for a condition instead of for a time. */

/** Resolves with the first truthy value of `condition`, asked every 10 ms; fails after `timeoutMs` naming `what`. */
export async function until<T>(
  condition: () => T | Promise<T>,
  what = "the condition",
  timeoutMs = 45_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
