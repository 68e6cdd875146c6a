/** Cursors: opaque places in an ordered listing, marked with the epoch of the database. */
import { MeshError } from "../../../mesh/errors.ts";

/** Behind every place there can be: a cursor has fifteen digits at most. */
export const BEHIND_ALL = 999_999_999_999_999;

const CURSOR = /^([^.]+)\.([a-z]?)(\d{1,15})$/;

/** Makes and reads the cursors of one listing; `mark` tells them from those of another. */
export function cursors(epoch: string, mark: string) {
  return {
    at: (position: number): string => `${epoch}.${mark}${position}`,

    /** The position of a cursor. @throws MeshError invalid_request for no cursor; cursor_invalid for another database's */
    read(cursor: string): number {
      const [, of, listing, position] = CURSOR.exec(cursor) ?? [];
      if (of === undefined || listing !== mark) {
        throw new MeshError(
          "invalid_request",
          `"${cursor}" is no cursor of this listing. Take the one that an earlier answer names, or ask without a cursor.`,
        );
      }
      if (of === epoch) return Number(position);
      throw new MeshError(
        "cursor_invalid",
        `The cursor "${cursor}" is not of this database: it was replaced or restored. Ask again without a cursor.`,
      );
    },
  };
}
