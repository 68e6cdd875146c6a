/** The figures of a load as a table: a row per figure, a column per side. */
import type { Load } from "../load.ts";
import type { SideName } from "../side.ts";
import { SIDE_TITLES } from "../side-titles.ts";
import { verdicts } from "./goals.ts";
import { numberText } from "./number-text.ts";
import type { LoadResult } from "./result.ts";

/** The sides that a result has, in their order. */
export function sidesOf(result: LoadResult): SideName[] {
  const order: SideName[] = ["ours", "against", "bare", "redis", "jetstream"];
  return order.filter((name) => result.sides[name] !== undefined);
}

/** Rows of Markdown; behind each figure that of ours as a multiple of it. */
export function figureTable(load: Load, result: LoadResult): string[] {
  const sides = sidesOf(result);
  const head = ["", ...sides.map((name) => SIDE_TITLES[name])];
  const rows = load.figures.map(({ key, what, unit }) => {
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
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

/** What it was to reach, and what was found; nothing where a load has no goals. */
export function goalTable(load: Load, result: LoadResult): string[] {
  const found = verdicts(load, result);
  if (found.length === 0) return [];
  const rows = found.map(({ goal, found: value, reached }) => [
    goal,
    value === undefined ? "not compared" : numberText(value),
    reached === undefined ? "" : reached ? "yes" : "no",
  ]);
  return [["goal", "found", "reached"], ["---", "---", "---"], ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}
