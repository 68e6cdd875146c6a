/** The fault `malice`: each hostile or unlucky load of its table in turn, and what it does to a bystander. */
import { type Fault, type Found, threw } from "./fault.ts";
import { type Measured, measure } from "./malice/measure.ts";
import { LOADS } from "./malice/table.ts";
import { table, verdict } from "./malice/verdict.ts";
import { Parts } from "./parts.ts";

/** What a load takes with its preparation, in seconds, about. */
const LOAD_S = 60;

/** All loads, or those that are asked for; one in each turn. */
export function malice(only?: readonly string[]): Fault {
  const parts = new Parts("malice", LOADS, only);
  const measured: Measured[] = [];
  return {
    name: "malice",
    parts: parts.names,
    wholeS: parts.count * LOAD_S,
    missing: () => (process.platform === "linux" ? undefined : "the broker's memory is read from /proc"),
    done: () => parts.isOver,
    left: () => parts.left(),
    async run({ seed }) {
      const load = parts.next(seed);
      if (!load) return { rounds: 0, accepted: 0, acked: 0, found: [], notes: [] };
      const name = parts.nameOf(load);
      const found: Found[] = [];
      try {
        const result = await measure(load);
        measured.push(result);
        console.log(`       ${name}: ${load.what}: ${result.did}`);
        for (const row of table([result])) console.log(`       ${row}`);
        found.push(...verdict(result));
      } catch (error) {
        found.push(threw(error));
      }
      const named = found.map((each) => ({ ...each, detail: `${name}: ${each.detail}` }));
      return { rounds: 1, accepted: 0, acked: 0, found: named, notes: [], again: [name] };
    },
    summary: () => table(measured).join("\n  "),
  };
}
