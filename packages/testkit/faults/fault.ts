/** What a fault is: something done to a broker, and what must hold while and after it. */
import type { Availability, Finding } from "testkit";

/** One turn of a fault: it ends soon after `until` (performance.now()). */
export interface Turn {
  readonly seed: number;
  readonly random: () => number;
  readonly until: number;
}

/** A finding with the events it rests on. */
export interface Found extends Finding {
  readonly excerpt?: readonly string[];
}

/** What a turn showed. */
export interface Outcome {
  /** How often the fault was done. */
  readonly rounds: number;
  /** Sends answered 2xx, and messages whose ack was answered. */
  readonly accepted: number;
  readonly acked: number;
  /** How the sending went, where there was a workload. */
  readonly availability?: Availability;
  /** Longest time that a delivery came later than its lease or its backoff allows, after the last send. */
  readonly longestLateMs?: number;
  readonly found: readonly Found[];
  /** Figures worth keeping. */
  readonly notes: readonly string[];
  /** By which names it is asked for once more, if not by the fault's. */
  readonly again?: readonly string[];
}

/** A fault of the table. */
export interface Fault {
  readonly name: string;
  /** Names of the parts of which it does one after the other, each of which may be asked for alone. */
  readonly parts?: readonly string[];
  /** Longest turn in milliseconds, if not the usual one. */
  readonly turnMs?: number;
  /** How long all of it takes, in seconds: what `--seconds` is when it is asked for by name. */
  readonly wholeS?: number;
  /** Why it cannot be done here; undefined when it can. */
  missing?(): string | undefined;
  run(turn: Turn): Promise<Outcome>;
  /** Whether there is nothing more to do for it. */
  done?(): boolean;
  /** Parts that were to be done and have had no turn yet. */
  left?(): readonly string[];
  /** A line about all its turns, for the report. */
  summary?(): string;
}

/** Collects expectations of a turn that has no history of its own. */
export class Expectations {
  readonly found: Found[] = [];
  readonly notes: string[] = [];

  /** Notes a finding when `holds` is false. */
  expect(holds: boolean, detail: string): void {
    if (!holds) this.found.push({ kind: "unexpected", detail });
  }

  outcome(rounds: number, counts: { accepted?: number; acked?: number } = {}): Outcome {
    const { accepted = 0, acked = 0 } = counts;
    return { rounds, accepted, acked, found: this.found, notes: this.notes };
  }
}

/** What was thrown, as a finding. */
export function threw(error: unknown, during?: string): Found {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: "unexpected", detail: during === undefined ? detail : `${during}: ${detail}` };
}

/** Waits. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
