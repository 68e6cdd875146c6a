/** An act ended at many of its steps. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type CrashHow, type CrashPoints, tempDir } from "testkit";
import type { CrashAct } from "./acts.ts";
import { crashedAt } from "./at.ts";

/** What a sweep of one act showed. */
export interface Sweep {
  /** How many steps the act has, how many endings that makes, and how many of them were tried. */
  readonly steps: number;
  readonly endings: number;
  readonly tried: number;
  readonly wrong: readonly string[];
}

/** One way to end an act. */
export interface Ending {
  readonly at: number;
  readonly how: CrashHow;
}

/**
 * Ends an act in the ways that `choose` takes from all there are, as many side by side as there are points; `oneMs` is how long
 * one of all takes.
 */
export async function sweep(
  points: readonly [CrashPoints, ...CrashPoints[]],
  act: CrashAct,
  choose: (endings: readonly Ending[], oneMs: number) => readonly Ending[],
  until = Number.POSITIVE_INFINITY,
): Promise<Sweep> {
  using folder = tempDir();
  const template = join(folder.path, "template");
  mkdirSync(template, { mode: 0o700 });
  const waiting = await act.prepare(template);
  const began = performance.now();
  const whole = await crashedAt(points[0], act, { template, waiting, at: 0, how: "kill" });
  const oneMs = (performance.now() - began) / points.length;
  const endings = endingsOf(act, whole.steps);
  const wrong = [...whole.wrong];
  let tried = 0;
  const toTry = choose(endings, oneMs).values();
  const hand = async (own: CrashPoints) => {
    for (const ending of toTry) {
      if (performance.now() > until) break;
      wrong.push(...(await crashedAt(own, act, { template, waiting, ...ending })).wrong);
      tried++;
    }
  };
  await Promise.all(points.map(hand));
  return { steps: whole.steps.length, endings: endings.length, tried, wrong };
}

/** Killed before every step and in the midst of every write; where the act says so, without room from every step on that takes some. */
function endingsOf(act: CrashAct, steps: readonly string[]): Ending[] {
  return steps.flatMap((step, i) => {
    const at = i + 1;
    const takesRoom = / (write|make|link|folder) /.test(step);
    return [
      { at, how: "kill" as const },
      ...(/ write /.test(step) ? [{ at, how: "half" as const }] : []),
      ...(takesRoom && act.withoutRoom ? [{ at, how: "full" as const }] : []),
    ];
  });
}

/** Every nth of them, with `n` such that they take no longer than `ms`; where that begins is the seed's choice. */
export function everyNth<T>(all: readonly T[], oneMs: number, ms: number, seed: number): T[] {
  const most = Math.max(1, Math.floor(ms / oneMs));
  const n = Math.max(1, Math.ceil(all.length / most));
  return all.filter((_, i) => i % n === seed % n);
}
