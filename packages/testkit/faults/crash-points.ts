/** Acts that write into the state folder, ended at their steps, as many as there is time for; a table of act, steps and outcome. */
import { availableParallelism } from "node:os";
import { openCrashPoints, whyNoCrashPoints } from "testkit";
import { crashActs } from "./crash/acts.ts";
import { everyNth, type Sweep, sweep } from "./crash/sweep.ts";
import { type Fault, type Found, threw } from "./fault.ts";
import { Parts } from "./parts.ts";

const WHOLE_S = 1_800;
const LEAST_MS = 5_000;

/** Each act once, or those that are asked for, in as many turns as it takes; where the time is short, at every nth of its steps. */
export function crashPoints(only?: readonly string[]): Fault {
  const parts = new Parts("crash-points", crashActs, only);
  const swept: (Sweep & { readonly name: string })[] = [];
  return {
    name: "crash-points",
    parts: parts.names,
    turnMs: WHOLE_S * 1_000,
    wholeS: Math.ceil((WHOLE_S * parts.count) / crashActs.length),
    missing: whyNoCrashPoints,
    done: () => parts.isOver,
    left: () => parts.left(),
    async run(turn) {
      using opened = new DisposableStack();
      const open = () => opened.use(openCrashPoints());
      const points = [open(), ...Array.from({ length: availableParallelism() - 1 }, open)] as const;
      const found: Found[] = [];
      const again: string[] = [];
      let rounds = 0;
      while (performance.now() < turn.until) {
        const toDo = parts.left().length;
        const act = parts.next(turn.seed);
        if (!act) break;
        const began = performance.now();
        const share = Math.max(LEAST_MS, (turn.until - began) / toDo);
        const left = (oneMs: number) => Math.max(0, began + share - performance.now() - oneMs);
        const choose = <T>(all: readonly T[], oneMs: number) => everyNth(all, oneMs, left(oneMs), turn.seed);
        const before = found.length;
        try {
          const outcome = await sweep(points, act, choose, Math.max(turn.until, began + share));
          for (const detail of outcome.wrong) found.push({ kind: "unexpected", detail });
          rounds += outcome.tried;
          swept.push({ name: act.name, ...outcome });
        } catch (error) {
          found.push(threw(error, act.name));
        }
        if (found.length > before) again.push(parts.nameOf(act));
      }
      return { rounds, accepted: 0, acked: 0, found, notes: [], again };
    },
    summary: () =>
      [
        "| act | steps | endings | tried | wrong |",
        "|---|---|---|---|---|",
        ...swept.map(
          ({ name, steps, endings, tried, wrong }) =>
            `| ${name} | ${steps} | ${endings} | ${tried} (${Math.round((100 * tried) / Math.max(1, endings))} %) | ${wrong.length === 0 ? "none" : wrong.length} |`,
        ),
      ].join("\n  "),
  };
}
