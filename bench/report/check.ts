/** Whether a run has lost speed against the last one: ratios are compared, never times of two runs. */
import type { FigureKind, Load } from "../load.ts";
import type { SideName } from "../side.ts";
import { SIDE_TITLES } from "../side-titles.ts";
import { numberText } from "./number-text.ts";
import { findLoad, type Kept, type LoadResult, type Result } from "./result.ts";

/** What was lost: a quarter or more is too much. */
const MOST_LOST = 0.25;
/** Units that mean the same on any machine, or nearly. */
const STEADY: readonly FigureKind["unit"][] = ["×", "KiB", "MiB"];

/** One ratio that two results have. */
export interface Compared {
  readonly what: string;
  readonly before: number;
  readonly now: number;
  /** Share of the speed that is gone; below zero it is faster. */
  readonly lost: number;
  readonly tooMuch: boolean;
}

/** Every ratio that both have: ours to each other side, and figures that are ratios or bytes themselves. */
export function compare(loads: readonly Load[], before: Kept, now: Result): Compared[] {
  return loads.flatMap((load) => {
    const old = findLoad(before, load.id);
    const fresh = now.loads.find(({ id }) => id === load.id);
    if (!old || !fresh || old.load.size !== fresh.size) return [];
    return load.figures.flatMap((figure) => {
      if (figure.beside) return [];
      const was = ratios(figure, old.load, old.run);
      return [...ratios(figure, fresh, now)].flatMap(([name, value]) => {
        const earlier = was.get(name);
        return earlier === undefined ? [] : [compared(`${load.id} ${name}`, figure, earlier, value)];
      });
    });
  });
}

function compared(what: string, { better }: FigureKind, before: number, now: number): Compared {
  const lost = better === "more" ? 1 - now / before : 1 - before / now;
  return { what, before, now, lost, tooMuch: lost >= MOST_LOST };
}

/** Other builds count only where they are the same commit. */
function ratios(figure: FigureKind, { sides }: LoadResult, { versions }: Result): Map<string, number> {
  const own = sides.ours?.[figure.key]?.median;
  const found = new Map<string, number>();
  if (own === undefined) return found;
  if (STEADY.includes(figure.unit)) return found.set(figure.what, own);
  const others: SideName[] = ["against", "bare", "redis", "jetstream", "postgres", "postgres3", "pgboss", "graphile"];
  for (const name of others) {
    const other = sides[name]?.[figure.key]?.median;
    if (other === undefined) continue;
    const title = name === "against" ? `${SIDE_TITLES[name]} (${versions[name]})` : SIDE_TITLES[name];
    found.set(`${figure.what} ÷ ${title}`, own / other);
  }
  return found;
}

/** The lines of a check. */
export function checkLines(all: readonly Compared[]): string[] {
  return all.map(({ what, before, now, lost, tooMuch }) => {
    const change = lost > 0 ? `${Math.round(lost * 100)} % lost` : `${Math.round(-lost * 100)} % gained`;
    return `${tooMuch ? "✗" : " "} ${what}: ${numberText(before)} → ${numberText(now)} (${change})`;
  });
}
