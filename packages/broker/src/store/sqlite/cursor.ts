/** Cursors: opaque places in an ordered listing, marked with the epoch of the database. */
import { MeshError } from "../../mesh/errors.ts";

/** Makes and reads the cursors of one listing; `mark` tells them from those of another. */
export function cursors(epoch: string, mark: string) {
  return {
    at: (position: number): string => `${epoch}.${mark}${position}`,

    /** The position of a cursor. @throws MeshError cursor_invalid for one of another database or listing */
    read(cursor: string): number {
      const [of, place = ""] = cursor.split(".");
      const position = place.startsWith(mark) ? place.slice(mark.length) : "";
      if (of === epoch && /^\d{1,15}$/.test(position)) return Number(position);
      throw new MeshError(
        "cursor_invalid",
        `The cursor "${cursor}" is not of this database: it was replaced or restored. Ask again without a cursor.`,
      );
    },
  };
}
