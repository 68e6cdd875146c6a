/** Which rows of a long list are seen. */

/** Rows beside those in sight, so that a quick hand finds them made. */
const BESIDE = 8;

/** The first row that is made, and the one behind the last. */
export function windowOf(list: { rows: number; height: number; top: number; room: number }): {
  from: number;
  to: number;
} {
  const first = Math.floor(list.top / list.height);
  const from = Math.max(0, Math.min(first - BESIDE, list.rows));
  const to = Math.min(list.rows, first + Math.ceil(list.room / list.height) + BESIDE);
  return { from, to: Math.max(from, to) };
}
