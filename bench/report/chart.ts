/** A bar chart as SVG: one figure, a bar for each side. */
import type { FigureKind } from "../load.ts";
import { SIDE_TITLES } from "../side-titles.ts";
import { numberText } from "./number-text.ts";
import type { LoadResult } from "./result.ts";
import { sidesOf } from "./table.ts";

const WIDTH = 640;
const LABEL = 180;
const VALUE = 110;
const BAR = 22;
const GAP = 10;
const TOP = 34;

const COLORS = {
  ours: "#2f6fdb",
  against: "#9db8e8",
  bare: "#8a8f98",
  redis: "#c4534a",
  jetstream: "#3f9c74",
  postgres: "#5b8f2f",
  postgres3: "#a3c97f",
  pgboss: "#b8863b",
  graphile: "#8f5bb0",
} as const;

/** Its text; bars are as long as their values, the longest fills the width. */
export function barChart(title: string, figure: FigureKind, result: LoadResult): string {
  const sides = sidesOf(result).flatMap((name) => {
    const value = result.sides[name]?.[figure.key]?.median;
    return value === undefined ? [] : [{ name, value }];
  });
  const most = Math.max(...sides.map(({ value }) => value), Number.MIN_VALUE);
  const height = TOP + sides.length * (BAR + GAP) + 6;
  const bars = sides.map(({ name, value }, i) => {
    const y = TOP + i * (BAR + GAP);
    const width = Math.max(1, (value / most) * (WIDTH - LABEL - VALUE));
    const middle = y + BAR / 2 + 4;
    return [
      `<text x="${LABEL - 8}" y="${middle}" text-anchor="end">${SIDE_TITLES[name]}</text>`,
      `<rect x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="3" fill="${COLORS[name]}"/>`,
      `<text x="${(LABEL + width + 8).toFixed(1)}" y="${middle}">${numberText(value)} ${figure.unit}</text>`,
    ].join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13" role="img">
<title>${title}: ${figure.what}, ${figure.unit}</title>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<g fill="#24292f">
<text x="8" y="20" font-weight="600">${title}: ${figure.what} (${figure.better} is better)</text>
${bars.join("\n")}
</g>
</svg>
`;
}
