/** Acts whose work grows with what is stored: a transaction for so much, and on where it ended. */

/** Rows that a slice takes. */
export const ROWS = 64;

/** What one slice has done, and whether there is more. */
export interface Slice<T> {
  readonly part: T;
  readonly more: boolean;
}

/** Does one piece for each row; `more` when there may be rows behind `full` of them. */
export async function each<Row>(
  rows: readonly Row[],
  full: number,
  piece: (row: Row) => Promise<unknown>,
): Promise<Slice<number>> {
  for (const row of rows) await piece(row);
  return { part: rows.length, more: rows.length > 0 && rows.length === full };
}

/** All of them together. */
export function sum(parts: readonly number[]): number {
  return parts.reduce((all, part) => all + part, 0);
}
