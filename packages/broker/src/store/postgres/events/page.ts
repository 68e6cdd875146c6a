/** SQL of the events as they are read: the timeline and the events beside it, in the one order of the acts. */
import type { EventPage, EventRecord } from "../../../mesh/store/events.ts";
import type { Store } from "../../../mesh/store.ts";
import { behind, eventsGone, type Found, inOneOrder, placeBehind } from "../../shared/event-places.ts";
import { placeCursors } from "../../shared/rows/cursor.ts";
import { type EventRow, eventOf, type HappenedRow, happenedOf } from "../../shared/rows/events.ts";
import type { EngineContext } from "../context.ts";
import { PLACES } from "../pages/log.ts";

type Query = Omit<Parameters<Store["events"]>[0], "turn">;

const EVENT = `
  SELECT e.pk, e.at, a.id AS agent_id, e.name, e.type, e.facts
  FROM event e JOIN agent a ON a.pk = e.agent_pk WHERE e.pk = ANY ($1::BIGINT[])`;

const HAPPENED = `
  SELECT t.pk, t.at, t.event, t.attempt, t.session_id, t.path, t.reason,
    d.id AS delivery_id, d.seq, m.id AS message_id, m.thread_id,
    s.id AS sender_id, s.name AS sender_name, r.id AS recipient_id, r.name AS recipient_name
  FROM timeline t
  JOIN delivery d ON d.pk = t.delivery_pk
  JOIN message m ON m.pk = d.message_pk
  JOIN agent s ON s.pk = m.sender_pk
  JOIN agent r ON r.pk = d.agent_pk
  WHERE t.pk = ANY ($1::BIGINT[])`;

/** The statements on the events as they are read. */
export function eventPageStatements({ db, epoch, numbers }: EngineContext) {
  const cursors = placeCursors(epoch);
  const entries = (edge: number, limit: number, viewer: number | undefined) =>
    viewer === undefined
      ? db.all<{ pk: number }>(PLACES.all, [edge, limit])
      : db.all<{ pk: number }>(PLACES.viewer, [edge, limit, viewer]);
  const beside = (edge: number, limit: number, viewer: number | undefined) =>
    db.all<{ pk: number; behind_pk: number }>(
      `SELECT e.pk, e.behind_pk FROM event e WHERE e.pk > $1 AND ($3::BIGINT IS NULL OR e.agent_pk = $3)
       ORDER BY e.pk LIMIT $2`,
      [edge, limit, viewer ?? null],
    );
  const viewerPk = async (id: string) =>
    (await db.get<{ pk: number }>(`SELECT pk FROM agent WHERE id = $1`, [id]))?.pk ?? 0;
  const forgottenEvent = async () =>
    (await db.get<{ pk: number }>(`SELECT COALESCE((SELECT MIN(e.pk) - 1 FROM event e), c.event) AS pk FROM counter c`))
      ?.pk ?? 0;

  return {
    /** A page of events. @throws MeshError cursor_gone when some of it was pruned */
    async page({ after, limit, viewer }: Query): Promise<EventPage> {
      const counted = await numbers.last();
      const end = { timeline: counted.timeline, event: counted.event };
      if (after === undefined) return { events: [], cursor: cursors.at(end), place: end, more: false };
      const from = cursors.read(after);
      if (from.timeline < counted.forgotten || from.event < (await forgottenEvent()))
        throw eventsGone(cursors.at(from));
      const pk = viewer === undefined ? undefined : await viewerPk(viewer);
      const found: Found[] = inOneOrder(
        await entries(from.timeline, limit, pk),
        await beside(from.event, limit, pk),
        limit,
      );
      const inTimeline = found.flatMap((each) => ("timeline" in each ? [each.timeline] : []));
      const others = found.flatMap((each) => ("event" in each ? [each.event] : []));
      const happened = new Map(
        (await db.all<HappenedRow & { pk: number }>(HAPPENED, [inTimeline])).map((r) => [r.pk, r]),
      );
      const events = new Map((await db.all<EventRow>(EVENT, [others])).map((row) => [row.pk, row]));
      const records: EventRecord[] = [];
      let at = from;
      for (const each of found) {
        at = placeBehind(at, each);
        const head = { v: 1 as const, cursor: cursors.at(at) };
        const entry = "timeline" in each ? happened.get(each.timeline) : undefined;
        const event = "event" in each ? events.get(each.event) : undefined;
        if (entry) {
          records.push({
            ...{ event: happenedOf(entry, head), concerns: [entry.recipient_id, entry.sender_id], place: at },
          });
        } else if (event) records.push({ event: eventOf(event, head), concerns: [event.agent_id], place: at });
      }
      const more = found.length === limit;
      // The end of a page moves the cursor behind what was not this viewer's.
      const place = more ? at : behind(end, from);
      return { events: records, cursor: cursors.at(place), place, more };
    },
  };
}
