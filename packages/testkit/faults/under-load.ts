/** A fault done again and again to a broker under load; then healed, drained, and its history checked. */
import { availabilityFindings, startTestBroker, type TestBroker, until } from "testkit";
import { QUIET_MS, recoveryMs } from "./bounds.ts";
import { Expectations, type Found, type Outcome, type Turn } from "./fault.ts";
import { Workload, type WorkloadOptions } from "./workload.ts";

/** What is under the fault. */
export interface Site {
  readonly broker: TestBroker;
  readonly workload: Workload;
  readonly random: () => number;
  readonly expectations: Expectations;
}

/** How the fault is done. */
export interface UnderLoad {
  /** Does the fault once, as `workload.during` says which; healed when it resolves. */
  act(site: Site, round: number): Promise<void>;
  /** Undoes what the rounds leave behind, before the drain. */
  heal?(site: Site): Promise<void>;
  /** Most rounds with one broker. */
  readonly rounds: number;
  readonly env?: Record<string, string>;
  readonly workload?: Omit<WorkloadOptions, "seed">;
  /** Longest time without an answered send that is not a finding, while there is sending. */
  readonly maxGapMs: number;
}

/** Short times, so that what a gone receiver held returns soon; attempts are not the subject. */
export const QUICK = { AGENTMESH_STREAM_GRACE_MS: "300", AGENTMESH_MAX_ATTEMPTS: "1000" };

/** One turn: a fresh broker, faults until the time or the rounds are over, then the check. */
export async function underLoad(turn: Turn, options: UnderLoad): Promise<Outcome> {
  await using broker = await startTestBroker({ env: { ...QUICK, ...options.env }, logLevel: "info" });
  return await loadOn(broker, turn, options);
}

/** The same on a broker that stands already. */
export async function loadOn(broker: TestBroker, turn: Turn, options: UnderLoad): Promise<Outcome> {
  const expectations = new Expectations();
  const workload = await Workload.start(broker, { seed: turn.seed, ...options.workload });
  const site: Site = { broker, workload, random: turn.random, expectations };
  let rounds = 0;
  let found: Found[] = [];
  try {
    while (rounds < options.rounds && (rounds === 0 || performance.now() < turn.until)) {
      await options.act(site, rounds);
      rounds++;
    }
    await options.heal?.(site);
    // Not answered at all is a finding of its own, by its bound.
    await until(() => workload.history.recovered, "an answer after the last fault", options.maxGapMs).catch(() => {});
    found = await workload.finish();
  } catch (error) {
    const detail = `round ${rounds}: ${error instanceof Error ? error.message : error}`;
    found.push({ kind: "unexpected", detail, excerpt: lastErrors(broker) });
    await workload.stop();
  }
  const { acceptedCount, ackedCount, availability } = workload.history;
  found.push(...availabilityFindings(availability, { gapMs: options.maxGapMs, quietMs: QUIET_MS, recoveryMs }));
  return {
    rounds,
    accepted: acceptedCount,
    acked: ackedCount,
    availability,
    longestLateMs: workload.longestLateMs,
    found: [...expectations.found, ...found],
    notes: expectations.notes,
  };
}

/** What the broker logged as errors last. */
function lastErrors(broker: TestBroker): string[] {
  const lines = broker.log().split("\n");
  return lines.filter((line) => line !== "" && !/^\{"level":[1-4]0,/.test(line)).slice(-12);
}
