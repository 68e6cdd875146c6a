/** Slices of acts whose work grows with what is stored: how much fits into one, and how one goes on where one ended. */
import { SENDS } from "../../shared/lanes.ts";

export { laneOf } from "../../shared/lanes.ts";

/** How much a slice takes, and one transaction before it ends; times in milliseconds, the commit left out. */
export interface SliceSizes {
  /** What is small stays whole: so many pieces are in a first slice, whatever they take. */
  readonly pieces: number;
  /** As long as this a first slice goes on beyond them: it stands before others' acts. */
  readonly firstMs: number;
  /** As long as this every later one does. */
  readonly ms: number;
  /** As long as this a transaction takes acts that wait. */
  readonly batchMs: number;
  /** As long as this it takes what follows from them, at least. */
  readonly followMs: number;
}

/** The sizes of a broker. */
export const SLICES: SliceSizes = { pieces: 16, firstMs: 1, ms: 4, batchMs: 4, followMs: 1 };

/** Rows looked up, or written, at a time. */
export const ROWS = 64;

/** What fits into one slice. */
export interface Budget {
  /** Whether one piece more does. */
  fits(): boolean;
}

/** What one slice has done, and whether there is more. */
export interface Slice<T> {
  readonly part: T;
  readonly more: boolean;
}

/** The budget of a slice that begins now. */
export function sliceBudget(isFirst = false, sizes: SliceSizes = SLICES): Budget {
  const end = performance.now() + (isFirst ? sizes.firstMs : sizes.ms);
  const whole = isFirst ? sizes.pieces : 1;
  let pieces = 0;
  return { fits: () => pieces++ < whole || performance.now() < end };
}

/** How many of so many pieces are begun now, to be done together. */
export function fitting(budget: Budget, most: number): number {
  let count = 0;
  while (count < most && budget.fits()) count++;
  return count;
}

/** Does one piece for each row as long as the slice takes it; `more` when rows are left of these, or behind `full` of them. */
export function each<Row>(
  budget: Budget,
  rows: readonly Row[],
  full: number,
  piece: (row: Row) => void,
): Slice<number> {
  let part = 0;
  for (const row of rows) {
    if (!budget.fits()) return { part, more: true };
    piece(row);
    part++;
  }
  return { part, more: rows.length > 0 && rows.length === full };
}

/** Up to `limit` pieces, as many slices as that takes: `rows` gives the next ones that are to be done. */
export function upTo<Row>(limit: number, rows: (count: number) => readonly Row[], piece: (row: Row) => void) {
  return (budget: Budget, kept: readonly number[]): Slice<number> => {
    const left = limit - sum(kept);
    const wanted = Math.min(left, ROWS);
    const { part, more } = each(budget, rows(wanted), wanted, piece);
    return { part, more: more && part < left };
  };
}

/** All of them together. */
export function sum(parts: readonly number[]): number {
  return parts.reduce((all, part) => all + part, 0);
}

/**
 * Acts of a lane in one round of the commit queue. Few of what an agent sends: others' first acts are not behind a flood. Many
 * of all else: who is sent much has to lease and ack as much.
 */
export function actsInRound(lane: string): number {
  return lane.startsWith(SENDS) ? 4 : 16;
}
