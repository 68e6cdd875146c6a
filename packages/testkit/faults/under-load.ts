/** A fault done again and again to a broker under load; then healed, drained, and its history checked. */
import { availabilityFindings, startTestBroker, type TestBroker, until } from "testkit";
import { QUIET_MS, recoveryMs } from "./bounds.ts";
import { Expectations, type Found, type Outcome, type Turn } from "./fault.ts";
import type { MeshUnderLoad } from "./mesh-under-load.ts";
import { Workload, type WorkloadOptions } from "./workload.ts";

/** What goes on where a fault is done. */
export interface Load {
  readonly workload: Workload;
  readonly random: () => number;
  readonly expectations: Expectations;
}

/** One broker under a fault. */
export interface Site extends Load {
  readonly broker: TestBroker;
}

/** How the fault is done, at a place: to one broker, or to several and their database. */
export interface UnderLoad<Place = { readonly broker: TestBroker }> {
  /** Does the fault once, as `workload.during` says which; healed when it resolves. */
  act(site: Place & Load, round: number): Promise<void>;
  /** Undoes what the rounds leave behind, before the drain. */
  heal?(site: Place & Load): Promise<void>;
  /** Most rounds at one place. */
  readonly rounds: number;
  readonly env?: Record<string, string>;
  readonly workload?: Omit<WorkloadOptions, "seed">;
  /** Longest time without an answered send that is not a finding, while there is sending. */
  readonly maxGapMs: number;
  /** Longest time from the first try of a send to its answer that is not a finding, where there is another broker to go to. */
  readonly maxSendMs?: number;
}

/** Short times, so that what a gone receiver held returns soon; attempts are not the subject. */
export const QUICK = { AGENTMESH_STREAM_GRACE_MS: "300", AGENTMESH_MAX_ATTEMPTS: "1000" };

/** One turn: a fresh broker, faults until the time or the rounds are over, then the check. */
export async function underLoad(turn: Turn, options: UnderLoad): Promise<Outcome> {
  await using broker = await startTestBroker({ env: { ...QUICK, ...options.env }, logLevel: "info" });
  return await loadOn(broker, turn, options);
}

/** The same on a broker that stands already. */
export function loadOn(broker: TestBroker, turn: Turn, options: UnderLoad): Promise<Outcome> {
  return loadAt({ broker }, broker, turn, options);
}

/** The same at any place whose brokers stand already. */
export async function loadAt<Place extends object>(
  place: Place,
  mesh: MeshUnderLoad,
  turn: Turn,
  options: UnderLoad<Place>,
): Promise<Outcome> {
  const expectations = new Expectations();
  const workload = await Workload.start(mesh, { seed: turn.seed, ...options.workload });
  const site: Place & Load = { ...place, workload, random: turn.random, expectations };
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
    found.push({ kind: "unexpected", detail, excerpt: lastErrors(mesh) });
    await workload.stop();
  }
  const { acceptedCount, ackedCount, availability } = workload.history;
  const { maxGapMs: gapMs, maxSendMs: sendMs } = options;
  const bounds = { gapMs, quietMs: QUIET_MS, recoveryMs, ...(sendMs !== undefined && { sendMs }) };
  found.push(...availabilityFindings(availability, bounds));
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

/** What brokers logged as errors last. */
function lastErrors(mesh: MeshUnderLoad): string[] {
  const lines = mesh.log().split("\n");
  return lines.filter((line) => line !== "" && !/^\{"level":[1-4]0,/.test(line)).slice(-12);
}
