/** What `pnpm test:faults` prints: a line per turn with its findings, and a table of all turns at the end. */
import { DRAIN_GRACE_MS, QUIET_MS, recoveryMs } from "./bounds.ts";
import type { Fault, Found, Outcome } from "./fault.ts";

const SHOWN = 10;

interface Sum {
  turns: number;
  rounds: number;
  accepted: number;
  acked: number;
  longestGapMs: number | undefined;
  longestQuietMs: number;
  longestSendMs: number;
  longestLateMs: number;
  found: number;
  readonly recoveries: Map<string, { times: number; longestMs: number }>;
  readonly notes: Set<string>;
}

/** Adds up the turns of each fault. */
export class Report {
  readonly #faults: readonly Fault[];
  readonly #seed: number;
  readonly #sums = new Map<string, Sum>();

  constructor(faults: readonly Fault[], seed: number) {
    this.#faults = faults;
    this.#seed = seed;
  }

  /** Adds a turn, and prints it with what was found. */
  turn(name: string, turnSeed: number, outcome: Outcome, ms: number): void {
    this.#add(name, outcome);
    const { rounds, acked, availability, found } = outcome;
    const at = `${(ms / 1_000).toFixed(0)} s`.padStart(6);
    const gap = availability ? `gap ${availability.longestGapMs} ms, ` : "";
    console.log(`${at} ${name.padEnd(14)} rounds ${rounds}, acked ${acked}, ${gap}found ${found.length}`);
    for (const each of found.slice(0, SHOWN)) print(each);
    if (found.length > SHOWN) console.log(`       … and ${found.length - SHOWN} more`);
    const again = (outcome.again ?? [name]).join(",");
    if (found.length > 0) console.log(`       again: --only ${again} --seed ${turnSeed}`);
  }

  /** Prints the table; the number of findings. What is asked for by name and had no turn is one. */
  end(seconds: number, byName: boolean): number {
    console.log(`\n${"fault".padEnd(14)} turns rounds accepted    acked  longest gap  findings`);
    let found = 0;
    let acked = 0;
    for (const [name, sum] of this.#sums) {
      found += sum.found;
      acked += sum.acked;
      const cells = [
        String(sum.turns).padStart(5),
        String(sum.rounds).padStart(6),
        String(sum.accepted).padStart(8),
        String(sum.acked).padStart(8),
        (sum.longestGapMs === undefined ? "–" : `${sum.longestGapMs} ms`).padStart(12),
        String(sum.found).padStart(9),
      ];
      console.log(`${name.padEnd(14)} ${cells.join(" ")}`);
      const summary = this.#faults.find((each) => each.name === name)?.summary?.();
      for (const line of [...timesOf(sum), summary, ...sum.notes]) if (line) console.log(`  ${line}`);
    }
    const left = this.#faults.flatMap((fault) => (this.#sums.has(fault.name) ? (fault.left?.() ?? []) : [fault.name]));
    if (left.length > 0) console.log(`no turn had: ${left.join(", ")}`);
    if (byName) found += left.length;
    console.log(`${acked} acked messages in ${seconds.toFixed(0)} s, ${found} findings, --seed ${this.#seed}`);
    return found;
  }

  #add(name: string, outcome: Outcome): void {
    const sum: Sum = this.#sums.get(name) ?? {
      ...{ turns: 0, rounds: 0, accepted: 0, acked: 0, found: 0 },
      ...{ longestGapMs: undefined, longestQuietMs: 0, longestSendMs: 0, longestLateMs: 0 },
      recoveries: new Map(),
      notes: new Set(),
    };
    this.#sums.set(name, sum);
    sum.turns++;
    sum.rounds += outcome.rounds;
    sum.accepted += outcome.accepted;
    sum.acked += outcome.acked;
    sum.found += outcome.found.length;
    for (const note of outcome.notes) if (sum.notes.size < SHOWN) sum.notes.add(note);
    const { availability, longestLateMs = 0 } = outcome;
    sum.longestLateMs = Math.max(sum.longestLateMs, longestLateMs);
    if (!availability) return;
    sum.longestGapMs = Math.max(sum.longestGapMs ?? 0, availability.longestGapMs);
    sum.longestQuietMs = Math.max(sum.longestQuietMs, availability.longestQuietMs);
    sum.longestSendMs = Math.max(sum.longestSendMs, availability.longestSendMs);
    for (const [kind, { times, longestMs }] of availability.recoveries) {
      const before = sum.recoveries.get(kind) ?? { times: 0, longestMs: 0 };
      const longest = Math.max(before.longestMs, longestMs);
      sum.recoveries.set(kind, { times: before.times + times, longestMs: longest });
    }
  }
}

/** How long answers took after each kind of fault, in quiet, and in the drain, each beside what may pass. */
function timesOf({ longestGapMs, longestQuietMs, longestSendMs, longestLateMs, recoveries }: Sum): string[] {
  if (longestGapMs === undefined) return [];
  return [
    ...[...recoveries].map(
      ([kind, { times, longestMs }]) =>
        `from ${kind} to the next answered send: ${longestMs} ms at most of ${times} (${recoveryMs(kind)} may pass)`,
    ),
    `without an answered send while nothing was done: ${longestQuietMs} ms at most (${QUIET_MS} may pass)`,
    `from the first try of a send to its answer: ${longestSendMs} ms at most`,
    `after the last send, later than lease or backoff: ${longestLateMs} ms at most (${DRAIN_GRACE_MS} may pass)`,
  ];
}

function print({ kind, detail, excerpt = [] }: Found): void {
  console.log(`       ${kind}: ${detail}`);
  for (const line of excerpt) console.log(`         ${line}`);
}
