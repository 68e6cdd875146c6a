/** SQL of the events as they are read: the timeline and the events beside it, in the one order of the acts. */
import type { EventPage, EventPlace, EventRecord } from "../../../mesh/store/events.ts";
import type { Store } from "../../../mesh/store.ts";
import { behind, eventsGone, type Found, inOneOrder, placeBehind } from "../../shared/event-places.ts";
import { placeCursors } from "../../shared/rows/cursor.ts";
import { type EventRow, eventOf, type HappenedRow, happenedOf } from "../../shared/rows/events.ts";
import type { EngineContext } from "../context.ts";
import { LOG } from "../pages/log.ts";
import type { eventStatements } from "./events.ts";

type Query = Omit<Parameters<Store["events"]>[0], "turn">;

/** Places of events ahead of an edge: of all, or of one agent. */
export const EVENTS = {
  all: `SELECT e.pk, e.behind_pk FROM event e WHERE e.pk > :edge ORDER BY e.pk LIMIT :limit`,
  viewer: `SELECT e.pk, e.behind_pk FROM event e WHERE e.agent_pk = :viewer AND e.pk > :edge ORDER BY e.pk LIMIT :limit`,
} as const;

const EVENT = `
  SELECT e.pk, e.at, a.id AS agent_id, e.name, e.type, e.facts
  FROM event e CROSS JOIN agent a ON a.pk = e.agent_pk WHERE e.pk = ?`;

const HAPPENED = `
  SELECT t.pk, t.at, t.event, t.attempt, t.session_id, t.path, t.reason,
    d.id AS delivery_id, d.seq, m.id AS message_id, m.thread_id,
    s.id AS sender_id, s.name AS sender_name, r.id AS recipient_id, r.name AS recipient_name
  FROM timeline t
  CROSS JOIN delivery d ON d.pk = t.delivery_pk
  CROSS JOIN message m ON m.pk = d.message_pk
  CROSS JOIN agent s ON s.pk = m.sender_pk
  CROSS JOIN agent r ON r.pk = d.agent_pk
  WHERE t.pk = ?`;

/** Events that one piece reads. */
const PIECE = 32;

interface Sought {
  readonly viewer?: number;
  readonly edge: number;
  readonly limit: number;
}

/** The statements on the events as they are read. */
export function eventPageStatements(
  { db }: EngineContext,
  epoch: string,
  last: { timeline(): number } & Pick<ReturnType<typeof eventStatements>, "last" | "forgotten">,
) {
  const cursors = placeCursors(epoch);
  const entries = {
    all: db.prepare<[Sought], { pk: number }>(LOG.all),
    viewer: db.prepare<[Sought], { pk: number }>(LOG.viewer),
  };
  type Place = { pk: number; behind_pk: number };
  const events = { all: db.prepare<[Sought], Place>(EVENTS.all), viewer: db.prepare<[Sought], Place>(EVENTS.viewer) };
  const selectEntry = db.prepare<[number], HappenedRow>(HAPPENED);
  const selectEvent = db.prepare<[number], EventRow>(EVENT);
  const selectForgotten = db.prepare<[], { pk: number }>(`SELECT until_pk AS pk FROM forgotten`);
  const selectViewer = db.prepare<[string], { pk: number }>(`SELECT pk FROM agent WHERE id = ?`);

  function refuseForgotten(from: EventPlace): void {
    if (from.timeline >= (selectForgotten.get()?.pk ?? 0) && from.event >= last.forgotten()) return;
    throw eventsGone(cursors.at(from));
  }

  /** The first ahead of a place, in order: what happened beside the timeline stands behind the entry that was the newest then. */
  function ahead(from: EventPlace, limit: number, viewer: number | undefined): Found[] {
    const of = viewer === undefined ? "all" : "viewer";
    const terms = { limit, ...(viewer !== undefined && { viewer }) };
    return inOneOrder(
      entries[of].all({ ...terms, edge: from.timeline }),
      events[of].all({ ...terms, edge: from.event }),
      limit,
    );
  }

  function recordOf(found: Found, at: EventPlace): EventRecord | undefined {
    const head = { v: 1 as const, cursor: cursors.at(at) };
    if ("timeline" in found) {
      const row = selectEntry.get(found.timeline);
      return row && { event: happenedOf(row, head), concerns: [row.recipient_id, row.sender_id], place: at };
    }
    const row = selectEvent.get(found.event);
    return row && { event: eventOf(row, head), concerns: [row.agent_id], place: at };
  }

  return {
    /** A page of events, a piece between two yields. @throws MeshError cursor_gone when some of it was pruned meanwhile */
    *page({ after, limit, viewer }: Query): Generator<undefined, EventPage> {
      const end: EventPlace = { timeline: last.timeline(), event: last.last() };
      if (after === undefined) return { events: [], cursor: cursors.at(end), place: end, more: false };
      const from = cursors.read(after);
      refuseForgotten(from);
      const found = ahead(from, limit, viewer === undefined ? undefined : (selectViewer.get(viewer)?.pk ?? 0));
      const records: EventRecord[] = [];
      let at = from;
      for (const [i, each] of found.entries()) {
        if (i > 0 && i % PIECE === 0) yield;
        at = placeBehind(at, each);
        const record = recordOf(each, at);
        if (record) records.push(record);
      }
      refuseForgotten(from);
      const more = found.length === limit;
      // The end of a page moves the cursor behind what was not this viewer's.
      const place = more ? at : behind(end, from);
      return { events: records, cursor: cursors.at(place), place, more };
    },
  };
}
