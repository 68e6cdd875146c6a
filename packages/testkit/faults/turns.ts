/** Faults one after the other, a turn each, again and again while there is time; what was found. */
import { seededRandom } from "testkit";
import { type Fault, type Outcome, threw } from "./fault.ts";
import { Report } from "./report.ts";

const TURN_MS = 60_000;

/** How long and by which choices. */
export interface TurnsOptions {
  readonly seconds: number;
  readonly seed: number;
  /** With so many acked messages it is enough. */
  readonly mostAcked: number;
  /** The faults were asked for by name: what had no turn is a finding then. */
  readonly byName: boolean;
}

/** Does them and prints the report; the number of findings. */
export async function faultsInTurn(faults: readonly Fault[], options: TurnsOptions): Promise<number> {
  const { seconds, seed, mostAcked, byName } = options;
  const began = performance.now();
  let end = began + seconds * 1_000;
  // What a turn has made, mounted or stopped it also cleans up: it is finished first.
  const ends = () => {
    console.log("ends after this turn");
    end = 0;
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, ends);
  console.log(`faults: ${seconds} s, --seed ${seed}`);
  const able = faults.filter((fault) => {
    const missing = fault.missing?.();
    if (missing !== undefined) console.log(`${fault.name.padEnd(14)} left out: ${missing}`);
    return missing === undefined;
  });
  const report = new Report(byName ? faults : able, seed);
  // When the time is short each turn is short; a turn that has begun is finished.
  const share = (seconds * 1_000) / Math.max(1, able.length);
  let acked = 0;
  for (let turn = 0; acked < mostAcked && (turn < able.length || performance.now() < end); turn++) {
    // The seed chooses which begins: short runs with other seeds come to other faults.
    const fault = able[(turn + seed) % able.length];
    if (!fault || performance.now() > end || able.every((each) => each.done?.())) break;
    if (fault.done?.()) continue;
    const turnSeed = seed + turn * 10_000;
    const turnMs = Math.min(fault.turnMs ?? TURN_MS, share);
    const outcome = await oneTurn(fault, turnSeed, Math.min(end, performance.now() + turnMs));
    acked += outcome.acked;
    report.turn(fault.name, turnSeed, outcome, performance.now() - began);
  }
  for (const signal of signals) process.off(signal, ends);
  return report.end((performance.now() - began) / 1_000, byName);
}

async function oneTurn(fault: Fault, turnSeed: number, until: number): Promise<Outcome> {
  try {
    return await fault.run({ seed: turnSeed, random: seededRandom(turnSeed), until });
  } catch (error) {
    return { rounds: 0, accepted: 0, acked: 0, notes: [], found: [threw(error)] };
  }
}
