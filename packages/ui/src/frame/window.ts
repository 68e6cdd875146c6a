/** Which rows of a long list are seen. */

/** The first row that is made, and the one behind the last; some beside those in sight, so that a quick hand finds them made. */
export function windowOf(list: { rows: number; height: number; top: number; room: number; beside: number }): {
  from: number;
  to: number;
} {
  const first = Math.floor(list.top / list.height);
  const from = Math.max(0, Math.min(first - list.beside, list.rows));
  const to = Math.min(list.rows, first + Math.ceil(list.room / list.height) + list.beside);
  return { from, to: Math.max(from, to) };
}
