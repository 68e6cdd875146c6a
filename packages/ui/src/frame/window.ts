/** Which rows of a long list are seen, and in which part of the document each is drawn. */

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

/**
 * The places of rows, by their keys. Who had one keeps it; who comes has one that nobody has any more: that is cheaper than a new one.
 * The place `held` is given to nobody else.
 */
export function placesOf<K>(before: ReadonlyMap<K, number>, keys: readonly K[], held?: number): ReadonlyMap<K, number> {
  const stay = new Set(keys.map((key) => before.get(key)).filter((place) => place !== undefined));
  const free = [...before.values()].filter((place) => place !== held && !stay.has(place));
  let last = Math.max(-1, ...before.values());
  return new Map(keys.map((key) => [key, before.get(key) ?? free.shift() ?? ++last]));
}
