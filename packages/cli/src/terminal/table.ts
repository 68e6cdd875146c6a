/** Tables that fit the terminal: empty columns go, others shrink, the last ones fold below, long text is cut with `…`. */
import { plainLine } from "@agentmesh/protocol";
import { type Style, style, terminalWidth } from "./output.ts";
import { cut, pad, textWidth } from "./text-width.ts";

/** One cell: its text, sanitised here, and how it looks. */
export type Cell = string | { readonly text: string; readonly style: Style };

/** One column. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Cell;
  /** Columns it may be cut to; without it the column keeps its width while there is room. */
  readonly min?: number;
  /** Moves to a second line of the row when the terminal is too narrow. */
  readonly fold?: true;
  /** Where long text is cut; `start` keeps the end of a path. */
  readonly cutAt?: "end" | "start";
}

interface Laid {
  readonly title: string;
  readonly cells: readonly { readonly text: string; readonly style: Style | undefined }[];
  readonly min: number | undefined;
  readonly fold: boolean;
  readonly cutAt: "end" | "start";
  width: number;
}

const GAP = "  ";
const SMALLEST = 4;

/** The rows as a table in at most `width` columns. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width = terminalWidth()): string {
  const whole = columns.map((column) => lay(column, rows));
  // Where there is no room, a title with nothing below it takes none.
  const isNarrow = total(whole) > width;
  const all = isNarrow ? whole.filter(({ cells }) => cells.some(({ text }) => text !== "")) : whole;
  shrink(all, width, (column) => column.min);
  const folding = total(all) > width && all.some((column) => column.fold);
  const first = folding ? all.filter(({ fold }) => !fold).map(widened) : all;
  if (folding) shrink(first, width, (column) => column.min);
  shrink(first, width, () => SMALLEST);
  const below = folding ? all.filter((column) => column.fold) : [];
  const lines = [
    style(
      "bold",
      first
        .map((column) => fitted(column, column.title))
        .join(GAP)
        .trimEnd(),
    ),
  ];
  for (const index of rows.keys()) {
    lines.push(rowLine(first, index));
    const more = below.map((column) => column.cells[index]?.text ?? "").filter((text) => text !== "");
    if (more.length > 0) lines.push(style("dim", cut(`    ${more.join(" · ")}`, width)));
  }
  return lines.join("\n");
}

function lay<Row>(column: Column<Row>, rows: readonly Row[]): Laid {
  const cells = rows.map((row) => {
    const cell = column.cell(row);
    return typeof cell === "string"
      ? { text: plainLine(cell), style: undefined }
      : { text: plainLine(cell.text), style: cell.style };
  });
  const { title, min, fold = false, cutAt = "end" } = column;
  return widened({ title, cells, min, fold, cutAt, width: 0 });
}

/** A column as wide as what is in it. */
function widened(column: Laid): Laid {
  return { ...column, width: Math.max(textWidth(column.title), ...column.cells.map(({ text }) => textWidth(text))) };
}

/** Takes from the column that is furthest above its smallest width, until the line fits. */
function shrink(columns: readonly Laid[], width: number, smallest: (column: Laid) => number | undefined): void {
  for (let excess = total(columns) - width; excess > 0; excess--) {
    let widest: Laid | undefined;
    let most = 0;
    for (const column of columns) {
      const spare = column.width - (smallest(column) ?? column.width);
      if (spare > most) [widest, most] = [column, spare];
    }
    if (!widest) return;
    widest.width--;
  }
}

function total(columns: readonly Laid[]): number {
  return columns.reduce((sum, { width }) => sum + width, GAP.length * (columns.length - 1));
}

function fitted(column: Laid, text: string): string {
  return pad(cut(text, column.width, column.cutAt), column.width);
}

function rowLine(columns: readonly Laid[], index: number): string {
  return columns
    .map((column, place) => {
      const cell = column.cells[index] ?? { text: "", style: undefined };
      const text = fitted(column, cell.text);
      const shown = place === columns.length - 1 ? text.trimEnd() : text;
      return cell.style ? style(cell.style, shown) : shown;
    })
    .join(GAP)
    .trimEnd();
}
