/** What a load is to reach, and whether a result does. */
import type { Goal, Load } from "../load.ts";
import { SIDE_TITLES } from "../side-titles.ts";
import { numberText } from "./number-text.ts";
import type { LoadResult } from "./result.ts";

/** One goal, as a line of a table. */
export interface Verdict {
  readonly goal: string;
  /** Undefined where a side is missing that it is compared with. */
  readonly found?: number;
  readonly reached?: boolean;
}

/** All goals of a load. */
export function verdicts(load: Load, result: LoadResult): Verdict[] {
  return load.goals.map((goal) => {
    const found = foundOf(goal, result);
    const text = goalText(load, goal);
    if (found === undefined) return { goal: text };
    const reached =
      found <= (goal.most ?? Number.POSITIVE_INFINITY) && found >= (goal.least ?? Number.NEGATIVE_INFINITY);
    return { goal: text, found, reached };
  });
}

function foundOf({ figure, side = "ours", of }: Goal, { sides }: LoadResult): number | undefined {
  const own = sides[side]?.[figure]?.median;
  if (own === undefined || !of) return own;
  const other = sides[of.side ?? "ours"]?.[of.figure]?.median;
  return other === undefined ? undefined : own / other;
}

function goalText({ figures }: Load, { figure, side, of, most, least }: Goal): string {
  const whose = side === undefined ? "" : `${SIDE_TITLES[side]}: `;
  const kind = figures.find(({ key }) => key === figure);
  const bound = most === undefined ? `≥ ${numberText(least ?? 0)}` : `≤ ${numberText(most)}`;
  if (!of) return `${whose}${kind?.what} ${bound} ${kind?.unit}`;
  const beside =
    of.side === undefined || of.side === "ours"
      ? figures.find(({ key }) => key === of.figure)?.what
      : SIDE_TITLES[of.side];
  return `${whose}${kind?.what} ${bound} × ${beside}`;
}
