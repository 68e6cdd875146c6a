/** Availability: how long nobody's send was answered while there was sending, and how soon after each fault one was. */
import type { Finding } from "./records.ts";

/** One answered send: when the try that was answered began, and when the answer came (performance.now()). */
export interface AnsweredSend {
  /** When the first of its tries began, where there were several. */
  readonly first?: number;
  readonly begun: number;
  readonly answered: number;
}

/** Something done to the broker, from when it began until it was over: a killed process is over at once. */
export interface FaultDone {
  readonly kind: string;
  readonly began: number;
  readonly over: number;
}

/** What is known of the sending. */
export interface Sending {
  readonly from: number;
  readonly until: number;
  readonly sends: readonly AnsweredSend[];
  readonly faults: readonly FaultDone[];
}

/** How long may pass, in milliseconds. */
export interface AvailabilityBounds {
  /** Without an answered send, whatever is done meanwhile. */
  readonly gapMs: number;
  /** Without an answered send while nothing is done to the broker. */
  readonly quietMs: number;
  /** From the first try of a send to its answer; left out, as long as it takes. */
  readonly sendMs?: number;
  /** From the end of a fault of a kind to the next answered send. */
  recoveryMs(kind: string): number;
}

/** The recoveries from one kind of fault. */
export interface Recoveries {
  readonly times: number;
  readonly longestMs: number;
}

/** What was measured. */
export interface Availability {
  readonly longestGapMs: number;
  readonly longestQuietMs: number;
  /** From the first try of a send to its answer. */
  readonly longestSendMs: number;
  /** By kind. A fault upon which another followed before any answer is measured with that one. */
  readonly recoveries: ReadonlyMap<string, Recoveries>;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Measures the sending. What comes after its end is not looked at. */
export function availabilityOf(sending: Sending): Availability {
  const { from, until, faults } = sending;
  const sends = sending.sends.filter(({ answered }) => answered <= until).sort((a, b) => a.answered - b.answered);
  const troubled: Span[] = [];
  const recoveries = new Map<string, Recoveries>();
  const inOrder = [...faults].sort((a, b) => a.began - b.began);
  for (const [i, { kind, began, over }] of inOrder.entries()) {
    const recovered = sends.find(({ begun }) => begun >= over)?.answered ?? until;
    troubled.push({ from: began, to: recovered });
    const next = inOrder[i + 1];
    if (next && next.began < recovered) continue;
    const { times, longestMs } = recoveries.get(kind) ?? { times: 0, longestMs: 0 };
    const ms = Math.round(Math.max(0, recovered - over));
    recoveries.set(kind, { times: times + 1, longestMs: Math.max(longestMs, ms) });
  }
  const moments = [from, ...sends.map(({ answered }) => answered), until];
  let longestGap = 0;
  let longestQuiet = 0;
  for (const [i, to] of moments.entries()) {
    const gap = { from: moments[i - 1] ?? from, to };
    longestGap = Math.max(longestGap, gap.to - gap.from);
    longestQuiet = Math.max(longestQuiet, longestOutside(gap, troubled));
  }
  const longestSend = sends.reduce(
    (most, { first, begun, answered }) => Math.max(most, answered - (first ?? begun)),
    0,
  );
  return {
    longestGapMs: Math.round(longestGap),
    longestQuietMs: Math.round(longestQuiet),
    longestSendMs: Math.round(longestSend),
    recoveries,
  };
}

/** The longest piece of a span that none of the others, in the order of their beginnings, covers. */
function longestOutside(span: Span, others: readonly Span[]): number {
  let longest = 0;
  let at = span.from;
  for (const { from, to } of others) {
    if (to <= at) continue;
    if (from >= span.to) break;
    longest = Math.max(longest, from - at);
    at = to;
  }
  return Math.max(longest, span.to - at);
}

/** What took longer than it may. */
export function availabilityFindings(measured: Availability, bounds: AvailabilityBounds): Finding[] {
  const found: Finding[] = [];
  const note = (ms: number, most: number, what: string) => {
    if (ms > most) found.push({ kind: "unavailable", detail: `${what} for ${ms} ms; ${most} may pass` });
  };
  note(measured.longestGapMs, bounds.gapMs, "no send was answered while there was sending");
  note(measured.longestQuietMs, bounds.quietMs, "no send was answered though nothing was done to the broker");
  if (bounds.sendMs !== undefined) note(measured.longestSendMs, bounds.sendMs, "one sender waited for its answer");
  for (const [kind, { longestMs }] of measured.recoveries) {
    note(longestMs, bounds.recoveryMs(kind), `after ${kind} no send was answered`);
  }
  return found;
}
