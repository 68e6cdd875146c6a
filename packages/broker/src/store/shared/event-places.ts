/** The one order of what happened: the timeline, and the events beside it behind the entry that was the newest then. */
import { MeshError } from "../../mesh/errors.ts";
import type { EventPlace } from "../../mesh/store/events.ts";

/** Where one is: in the timeline, or beside it behind an entry. */
export type Found = { readonly timeline: number } | { readonly event: number; readonly behind: number };

/** The first of both, in that order. */
export function inOneOrder(
  entries: readonly { readonly pk: number }[],
  events: readonly { readonly pk: number; readonly behind_pk: number }[],
  limit: number,
): Found[] {
  const beside = events.map((at) => ({ event: at.pk, behind: at.behind_pk }));
  const found: Found[] = [];
  for (const { pk: timeline } of entries) {
    const ahead = beside.findIndex(({ behind }) => behind >= timeline);
    found.push(...beside.splice(0, ahead === -1 ? beside.length : ahead), { timeline });
  }
  return [...found, ...beside].slice(0, limit);
}

/** The place behind one of them. */
export function placeBehind(at: EventPlace, each: Found): EventPlace {
  return "timeline" in each
    ? { ...at, timeline: each.timeline }
    : { timeline: Math.max(at.timeline, each.behind), event: each.event };
}

/** The one that is further on. */
export function behind(one: EventPlace, other: EventPlace): EventPlace {
  return { timeline: Math.max(one.timeline, other.timeline), event: Math.max(one.event, other.event) };
}

/** The error for who asks for what was pruned. */
export function eventsGone(cursor: string): MeshError {
  return new MeshError(
    "cursor_gone",
    `Some of what happened behind the cursor "${cursor}" was pruned. Ask without a cursor, and read anew what you follow.`,
  );
}
