/**
 * The one clock for people: local time, short, or how long ago; JSON keeps RFC 3339 UTC. No other file of the command line
 * turns a time into text.
 */
import { shortDuration, withTimes } from "@agentmesh/protocol";

export { shortDuration };

/** What the way of an answer, and the seconds that its date is told in, can make of one clock. */
const NO_DIFFERENCE_MS = 5_000;

let aheadMs = 0;

/** Goes by the broker's clock from now on, where that is so far ahead, or behind: of another machine it may be. */
export function followBroker(ms: number): void {
  aheadMs = Math.abs(ms) < NO_DIFFERENCE_MS ? 0 : ms;
}

/** The time now by the clock that the mesh's times are told in. */
export function brokerNow(): number {
  return Date.now() + aheadMs;
}

/** Time since an RFC 3339 timestamp: `2m`. */
export function since(at: string, now = brokerNow()): string {
  return shortDuration(now - Date.parse(at));
}

/** Time until an RFC 3339 timestamp: `6d`. */
export function until(at: string, now = brokerNow()): string {
  return shortDuration(Date.parse(at) - now);
}

/** Local time of day: `13:29:33`. */
export function clockTime(at: string): string {
  const time = new Date(at);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(":");
}

/** Local date: `2026-11-22`. */
export function localDate(at: string): string {
  const time = new Date(at);
  return [time.getFullYear(), twoDigits(time.getMonth() + 1), twoDigits(time.getDate())].join("-");
}

/** Local time with the date, which is left out for today: `13:29:33`, `2026-11-21 13:29:33`. */
export function localTime(at: string, now = brokerNow()): string {
  const time = clockTime(at);
  const day = localDate(at);
  return day === localDate(new Date(now).toISOString()) ? time : `${day} ${time}`;
}

/** A sentence of the mesh with its times as people read them here; what it quotes stays as it is. */
export function inLocalTime(sentence: string, now = brokerNow()): string {
  return withTimes(sentence, (at) => localTime(at, now));
}

function twoDigits(n: number): string {
  return String(n).padStart(2, "0");
}
