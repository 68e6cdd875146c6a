/** Drain: after the last send, each delivery goes on when the lease it has, or its documented backoff, is over. */
import type { Finding, MessageFate } from "./records.ts";

type Timeline = MessageFate["deliveries"][number]["timeline"];

/** What docs/protocol.md promises after failure 1, 2, 3 …, at most 20 % more. */
const BACKOFF_MS = [0, 1_000, 5_000, 30_000, 120_000, 600_000];
const AT_MOST = 1.2;
/** A restarted broker takes its leases back, and calls that nobody's failure. */
const NO_FAILURE = "the broker restarted";
const RETURNS = ["nacked", "released"];
const ENDS = ["acked", "rejected", "dead", "expired", "cancelled", "refused"];

/** How a drain is looked at; moments are Date.now(), and those of the broker's log. */
export interface Drain {
  /** When the sending ended, and when the drain did. */
  readonly from: number;
  readonly to: number;
  readonly leaseMs: number;
  /** What may pass above that. */
  readonly graceMs: number;
  /** The clock was stepped before: earlier moments of the log do not compare, `from` is taken for them. */
  readonly stepped?: boolean;
}

/** A wait of a delivery: since when, how long it may take, and what ended it. */
interface Wait {
  readonly since: number;
  readonly allowedMs: number;
  readonly what: string;
  readonly ended?: number;
}

/** The longest time above what was allowed, in milliseconds, and a finding for each delivery that took more than that. */
export function drainFindings(fates: Iterable<MessageFate>, drain: Drain): { longestMs: number; found: Finding[] } {
  const found: Finding[] = [];
  let longestMs = 0;
  for (const { message, deliveries } of fates) {
    for (const { id, timeline } of deliveries) {
      for (const wait of waits(timeline, drain.leaseMs)) {
        const ended = wait.ended ?? drain.to;
        const late = Math.round(ended - Math.max(drain.from, due(wait, drain)));
        longestMs = Math.max(longestMs, late);
        if (late <= drain.graceMs) continue;
        const detail = `${message.id} (${id}) ${wait.what}: ${late} ms later than that, after the last send`;
        found.push({ kind: "unavailable", detail, messageId: message.id });
      }
    }
  }
  return { longestMs, found };
}

/** Until when deliveries that are still open may rest, by the backoff; undefined when none does. */
export function restingUntil(fates: Iterable<MessageFate>, drain: Pick<Drain, "from" | "leaseMs" | "stepped">): number {
  let latest = 0;
  for (const { deliveries } of fates) {
    for (const { timeline } of deliveries) {
      for (const wait of waits(timeline, drain.leaseMs)) {
        if (wait.ended === undefined && wait.allowedMs > 0) latest = Math.max(latest, due(wait, drain));
      }
    }
  }
  return latest;
}

function due({ since, allowedMs }: Wait, { from, stepped }: Pick<Drain, "from" | "stepped">): number {
  return (stepped ? Math.max(since, from) : since) + allowedMs;
}

/** Every wait of one delivery. The workload's nacks ask for no delay. */
function waits(timeline: Timeline, leaseMs: number): Wait[] {
  const all: Wait[] = [];
  let open: Wait | undefined;
  let failures = 0;
  for (const { event, at, reason } of timeline) {
    const since = Date.parse(at);
    const isReturn = RETURNS.includes(event);
    if (open && (isReturn || event === "leased" || ENDS.includes(event))) {
      all.push({ ...open, ended: since });
      open = undefined;
    }
    if (isReturn && reason !== NO_FAILURE) failures++;
    if (event === "accepted") open = { since, allowedMs: 0, what: "was due at once" };
    if (event === "leased") open = { since, allowedMs: leaseMs, what: `was leased for ${leaseMs} ms` };
    if (!isReturn) continue;
    const base = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1] ?? 0;
    const allowedMs = event === "nacked" || reason === NO_FAILURE ? 0 : base * AT_MOST;
    open = { since, allowedMs, what: `was due ${allowedMs} ms after failure ${failures}` };
  }
  return open ? [...all, open] : all;
}
