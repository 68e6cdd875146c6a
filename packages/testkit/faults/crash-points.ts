/** Every act that writes into the state folder, killed or without room at its steps; a table of act, steps and outcome. */
import { openCrashPoints, whyNoCrashPoints } from "testkit";
import { crashActs } from "./crash/acts.ts";
import { everyNth, type Sweep, sweep } from "./crash/sweep.ts";
import { Expectations, type Fault } from "./fault.ts";

const WHOLE_S = 1_800;
const LEAST_MS = 5_000;

const swept: (Sweep & { readonly name: string })[] = [];

/** Each act once, in as many turns as it takes; where the time is short, at every nth of its steps. */
export const crashPoints: Fault = {
  name: "crash-points",
  turnMs: WHOLE_S * 1_000,
  wholeS: WHOLE_S,
  missing: whyNoCrashPoints,
  done: () => swept.length >= crashActs.length,
  async run(turn) {
    const expectations = new Expectations();
    using points = openCrashPoints();
    let rounds = 0;
    while (performance.now() < turn.until) {
      const act = crashActs[swept.length];
      if (!act) break;
      const began = performance.now();
      const share = Math.max(LEAST_MS, (turn.until - began) / (crashActs.length - swept.length));
      const left = (oneMs: number) => Math.max(0, began + share - performance.now() - oneMs);
      const choose = <T>(all: readonly T[], oneMs: number) => everyNth(all, oneMs, left(oneMs), turn.seed);
      const outcome = await sweep(points, act, choose, Math.max(turn.until, began + share));
      for (const detail of outcome.wrong) expectations.expect(false, detail);
      rounds += outcome.tried;
      swept.push({ name: act.name, ...outcome });
    }
    return expectations.outcome(rounds);
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
