/** Durations as people type and read them. */
import { InvalidArgumentError } from "commander";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(?:\d+(?:ms|s|m|h|d))+$/;

/** Parser of an option such as `30m` or `1h30m`, in milliseconds, within limits. @throws InvalidArgumentError */
export function durationOption(minMs: number, maxMs: number): (text: string) => number {
  return (text) => {
    if (!DURATION.test(text)) throw new InvalidArgumentError("Write a duration like 45s, 30m, 2h or 7d.");
    let ms = 0;
    for (const [, amount, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g))
      ms += Number(amount) * (UNIT_MS[unit ?? ""] ?? 0);
    if (ms < minMs || ms > maxMs)
      throw new InvalidArgumentError(`Choose from ${shortDuration(minMs)} to ${shortDuration(maxMs)}.`);
    return ms;
  };
}

/** Parser of an option that is a whole number within limits. @throws InvalidArgumentError */
export function wholeNumberOption(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(number >= min && number <= max))
      throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`);
    return number;
  };
}

/** A duration rounded to one unit: `42s`, `4m`, `3h`, `2d`. */
export function shortDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const minutes = Math.round(seconds / 60);
  const hours = Math.round(minutes / 60);
  if (seconds < 60) return `${seconds}s`;
  if (minutes < 60) return `${minutes}m`;
  return hours < 48 ? `${hours}h` : `${Math.round(hours / 24)}d`;
}

/** Time since an RFC 3339 timestamp: `2m`. */
export function since(at: string, now = Date.now()): string {
  return shortDuration(now - Date.parse(at));
}

/** Time until an RFC 3339 timestamp: `6d`. */
export function until(at: string, now = Date.now()): string {
  return shortDuration(Date.parse(at) - now);
}
