/** Times as the page says them: local, short, and how long ago by one clock that ticks once a second. */
import type { TimeWords } from "@agentmesh/protocol/shown";
import { computed, signal } from "@preact/signals";

/** Now, to the second. */
export const now = signal(Date.now());

/** The day that `now` is in: what says a time of day is made anew when it is another day. */
export const today = computed(() => new Date(now.value).setHours(0, 0, 0, 0));

/** Whether much happens just now. */
export const isBusy = signal(false);

/** A slower clock, for what costs much to draw: hundreds of events a second are one picture in four, few are one in two. */
export const beat = computed(() => {
  const everyMs = isBusy.value ? BUSY_BEAT_MS : BEAT_MS;
  return Math.floor(now.value / everyMs) * everyMs;
});
const BEAT_MS = 2_000;
const BUSY_BEAT_MS = 4_000;

/** The clock of ages: where much happens they are not what anybody looks at. */
export const agesAt = computed(() => (isBusy.value ? beat.value : now.value));

/** Made once: making one takes longer than a hundred times of day. */
const timeOfDay = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hour12: false });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

/** How long something takes or took: `40 ms`, `1.2 s`, `12 s`, `4 min`, `3 h`, `2 d`. */
export function duration(ms: number): string {
  const [seconds, minutes, hours] = [ms / 1_000, ms / 60_000, ms / 3_600_000];
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (minutes < 60) return `${Math.floor(minutes)} min`;
  if (hours < 48) return `${Math.floor(hours)} h`;
  return `${Math.floor(hours / 24)} d`;
}

/** How old something is, in one word: `now` below two seconds. */
export function age(at: string | number, at0: number): string {
  const ms = at0 - (typeof at === "number" ? at : Date.parse(at));
  return ms < 2_000 ? "now" : duration(ms - (ms % 1_000 && ms < 60_000 ? ms % 1_000 : 0)).replace(".0 ", " ");
}

const DAY_MS = 86_400_000;

/** The time of day; with the date when it is another day than `at0`, which is today. */
export function clock(at: string | number, at0 = today.value): string {
  const [date, thatDay] = [new Date(at), new Date(at0)];
  const time = timeOfDay.format(date);
  const isToday = date.getDate() === thatDay.getDate() && Math.abs(date.getTime() - thatDay.getTime()) < DAY_MS;
  return isToday ? time : `${day.format(date)} ${time}`;
}

/** Times in what is said of agents. */
export const times: TimeWords = {
  past(at) {
    const old = age(at, now.value);
    return old === "now" ? "just now" : `${old} ago`;
  },
  coming(at) {
    return clock(at);
  },
};

/** The time of day to the millisecond, for a log. */
export function exactly(at: string): string {
  const date = new Date(at);
  return `${timeOfDay.format(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** Bytes in the largest unit that leaves a number before the point. */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [count, 0];
  while (value >= 1_024 && unit < units.length - 1) [value, unit] = [value / 1_024, unit + 1];
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
