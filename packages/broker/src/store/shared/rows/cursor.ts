/** Cursors: opaque places in an ordered listing, marked with the epoch of the database. */
import { MeshError } from "../../../mesh/errors.ts";
import type { EventPlace } from "../../../mesh/store/events.ts";

/** Behind every place there can be: a cursor has fifteen digits at most. */
export const BEHIND_ALL = 999_999_999_999_999;

const CURSOR = /^([^.]+)\.([a-z]?)(\d{1,15})$/;

const PLACE = /^([^.]+)\.e(\d{1,15})-(\d{1,15})$/;

/** Makes and reads the cursors of events. */
export function placeCursors(epoch: string) {
  return {
    at: ({ timeline, event }: EventPlace): string => `${epoch}.e${timeline}-${event}`,

    /** The place of a cursor. @throws MeshError invalid_request for no cursor; cursor_invalid for another database's */
    read(cursor: string): EventPlace {
      const [, of, timeline, event] = PLACE.exec(cursor) ?? [];
      if (of === undefined) throw noCursor(cursor);
      if (of !== epoch) throw ofAnotherDatabase(cursor);
      return { timeline: Number(timeline), event: Number(event) };
    },
  };
}

/** Makes and reads the cursors of one listing; `mark` tells them from those of another. */
export function cursors(epoch: string, mark: string) {
  return {
    at: (position: number): string => `${epoch}.${mark}${position}`,

    /** The position of a cursor. @throws MeshError invalid_request for no cursor; cursor_invalid for another database's */
    read(cursor: string): number {
      const [, of, listing, position] = CURSOR.exec(cursor) ?? [];
      if (of === undefined || listing !== mark) throw noCursor(cursor);
      if (of === epoch) return Number(position);
      throw ofAnotherDatabase(cursor);
    },
  };
}

function noCursor(cursor: string): MeshError {
  return new MeshError(
    "invalid_request",
    `"${cursor}" is no cursor of this listing. Take the one that an earlier answer names, or ask without a cursor.`,
  );
}

function ofAnotherDatabase(cursor: string): MeshError {
  return new MeshError(
    "cursor_invalid",
    `The cursor "${cursor}" is not of this database: it was replaced or restored. Ask again without a cursor.`,
  );
}
