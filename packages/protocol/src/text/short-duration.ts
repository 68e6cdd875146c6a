/** How long something takes, in one unit. */

/** A duration rounded to one unit: `42s`, `4m`, `3h`, `2d`. */
export function shortDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const minutes = Math.round(seconds / 60);
  const hours = Math.round(minutes / 60);
  if (seconds < 60) return `${seconds}s`;
  if (minutes < 60) return `${minutes}m`;
  return hours < 48 ? `${hours}h` : `${Math.round(hours / 24)}d`;
}
