/** The figures of a load as a table: a row per figure, a column per side. */
import type { Load } from "../load.ts";
import type { SideName } from "../side.ts";
import { SIDE_TITLES } from "../side-titles.ts";
import { verdicts } from "./goals.ts";
import { numberText } from "./number-text.ts";
import type { LoadResult } from "./result.ts";

/** The order of the columns. */
export const SIDES: readonly SideName[] = [
  ...(["ours", "against", "bare", "redis", "jetstream"] as const),
  ...(["postgres", "postgres3", "pgboss", "graphile"] as const),
];

/** The sides that a result has, in their order. */
export function sidesOf(result: LoadResult): SideName[] {
  return SIDES.filter((name) => result.sides[name] !== undefined);
}

/** Rows of Markdown; behind each figure that of ours as a multiple of it. */
export function figureTable(load: Load, result: LoadResult): string[] {
  const sides = sidesOf(result);
  const head = ["", ...sides.map((name) => SIDE_TITLES[name])];
  // What was not counted yet when a run was made has no row in it.
  const counted = load.figures.filter(({ key }) => sides.some((name) => result.sides[name]?.[key]));
  const rows = counted.map(({ key, what, unit }) => {
    const own = result.sides.ours?.[key]?.median;
    const cells = sides.map((name) => {
      const value = result.sides[name]?.[key];
      if (!value) return "";
      const spread = value.rounds > 1 ? ` (${numberText(value.least)}–${numberText(value.most)})` : "";
      const ratio =
        name === "ours" || own === undefined || unit === "×" ? "" : `, ours ${numberText(own / value.median)} ×`;
      return `${numberText(value.median)}${spread}${ratio}`;
    });
    return [`${what}${unit === "×" ? "" : `, ${unit}`}`, ...cells];
  });
  return tableOf(head, rows);
}

/** A table in Markdown. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

/** The columns of goals. */
export const GOAL_HEAD = ["goal", "found", "reached"] as const;

/** What a load is to reach, what was found, and whether it is reached. */
export function goalRows(load: Load, result: LoadResult): string[][] {
  return verdicts(load, result).map(({ goal, found, reached }) => [
    goal,
    found === undefined ? "not compared" : numberText(found),
    reached === undefined ? "" : reached ? "yes" : "no",
  ]);
}
