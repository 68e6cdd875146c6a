/** The fault `malice`: each hostile or unlucky load of its table in turn, and what it does to a bystander. */
import type { Fault, Outcome } from "./fault.ts";
import { type Measured, measure } from "./malice/measure.ts";
import { LOADS } from "./malice/table.ts";
import { table, verdict } from "./malice/verdict.ts";

/** What a load takes with its preparation, in seconds, about. */
const LOAD_S = 60;

/** Names of the loads, as they are chosen. */
export const maliceNames: readonly string[] = LOADS.map(({ name }) => `malice/${name}`);

/** All loads, or those that are named; one in each turn. */
export function malice(chosen: readonly string[]): Fault {
  const loads = LOADS.filter(({ name }) => chosen.length === 0 || chosen.includes(`malice/${name}`));
  const measured: Measured[] = [];
  return {
    name: "malice",
    wholeS: loads.length * LOAD_S,
    missing: () => (process.platform === "linux" ? undefined : "the broker's memory is read from /proc"),
    done: () => measured.length >= loads.length,
    async run({ seed }): Promise<Outcome> {
      const load = loads[measured.length] ?? loads[seed % loads.length];
      if (!load) throw new Error("there is no load");
      const result = await measure(load);
      measured.push(result);
      console.log(`       malice/${load.name}: ${load.what}: ${result.did}`);
      for (const row of table([result])) console.log(`       ${row}`);
      const found = verdict(result).map((each) => ({ ...each, detail: `malice/${load.name}: ${each.detail}` }));
      return { rounds: 1, accepted: 0, acked: 0, found, notes: [] };
    },
    summary: () => table(measured).join("\n  "),
  };
}
