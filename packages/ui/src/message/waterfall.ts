/** What happened to a delivery as spans of time: waiting apart from working, and the moments between them. */
import type { TimelineEntry } from "@agentmesh/protocol";

/** A span of a delivery's life. */
export interface Span {
  /** `waiting` in the inbox, `working` in somebody's hand, `held` for a person, `stuck` dead until somebody comes. */
  readonly kind: "waiting" | "working" | "held" | "stuck";
  readonly from: number;
  readonly to: number;
  /** It goes on still. */
  readonly open: boolean;
}

/** A moment that is shown on the spans. */
export interface Moment {
  readonly at: number;
  readonly event: string;
}

/** What a state is after an event; undefined for one that changes none, null for an end. */
const AFTER: Readonly<Record<string, Span["kind"] | null>> = {
  accepted: "waiting",
  leased: "working",
  nacked: "waiting",
  released: "waiting",
  held: "held",
  admitted: "waiting",
  redriven: "waiting",
  acked: null,
  expired: null,
  cancelled: null,
  refused: null,
  dismissed: null,
  dead: "stuck",
  rejected: "stuck",
};

/** Whether nothing of a delivery goes on any more. */
export function isOver(timeline: readonly TimelineEntry[]): boolean {
  return spansOf(timeline, 0).spans.every(({ open }) => !open);
}

/** The spans of a timeline, up to `now` where it goes on. */
export function spansOf(timeline: readonly TimelineEntry[], now: number): { spans: Span[]; moments: Moment[] } {
  const spans: Span[] = [];
  let kind: Span["kind"] | null = null;
  let from = 0;
  const close = (to: number, open: boolean) => {
    if (kind !== null && (to > from || open)) spans.push({ kind, from, to: Math.max(from, to), open });
  };
  for (const { at, event } of timeline) {
    const after = AFTER[event];
    if (after === undefined || after === kind) continue;
    const time = Date.parse(at);
    close(time, false);
    [kind, from] = [after, time];
  }
  close(now, true);
  return { spans, moments: timeline.map(({ at, event }) => ({ at: Date.parse(at), event })) };
}

/** From when to when several deliveries are drawn. An open one is drawn up to now. */
export function extentOf(all: readonly { readonly spans: readonly Span[]; readonly moments: readonly Moment[] }[]): {
  from: number;
  to: number;
} {
  const times = all.flatMap(({ spans, moments }) => [
    ...spans.flatMap(({ from, to }) => [from, to]),
    ...moments.map(({ at }) => at),
  ]);
  const from = times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const to = times.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return Number.isFinite(from) ? { from, to: Math.max(to, from + 1) } : { from: 0, to: 1 };
}

/** How long a delivery waited, how long somebody worked on it, and how long it was nobody's: dead, or held for a person. */
export function sums(spans: readonly Span[]): { waited: number; worked: number; stuck: number } {
  const sum = (...kinds: Span["kind"][]) =>
    spans.filter(({ kind }) => kinds.includes(kind)).reduce((all, { from, to }) => all + to - from, 0);
  return { waited: sum("waiting"), worked: sum("working"), stuck: sum("held", "stuck") };
}
