/** Rows with their texts, read and shown one after the other, up to a number and a size between two yields. */

/** Rows that one piece reads. */
const PIECE_ROWS = 32;
/** Bodies that one piece compares with their hashes, in bytes. */
const PIECE_BYTES = 131_072;

/** What is shown of the rows of some places, a piece between two yields; what is gone by then is left out. */
export function* inPieces<Row extends { readonly body_bytes: number }, Shown>(
  places: Iterable<number>,
  read: (place: number) => Row | undefined,
  show: (row: Row) => Shown,
): Generator<undefined, Shown[]> {
  const shown: Shown[] = [];
  let rows = 0;
  let bytes = 0;
  for (const place of places) {
    if (rows === PIECE_ROWS || bytes > PIECE_BYTES) {
      yield;
      rows = bytes = 0;
    }
    rows++;
    const row = read(place);
    if (!row) continue;
    bytes += row.body_bytes;
    shown.push(show(row));
  }
  return shown;
}
