/** SQL of the log: the timeline as it is read, by its places first, then entry by entry up to a size. */
import type { LogEntry } from "@agentmesh/protocol";
import type { Store } from "../../../mesh/store.ts";
import { BEHIND_ALL, cursors } from "../../shared/rows/cursor.ts";
import { type LogRow, logEntryOf } from "../../shared/rows/timeline.ts";
import type { EngineContext } from "../context.ts";
import { inPieces } from "./pieces.ts";

type Query = Parameters<Store["log"]>[0];

/** Deliveries of a thread that one piece goes through. */
const PIECE_DELIVERIES = 256;

/** Places in the log ahead of an edge, each along an index: of all, of what an agent sent or got. */
export const LOG = {
  all: `SELECT t.pk FROM timeline t WHERE t.pk > :edge ORDER BY t.pk ASC LIMIT :limit`,
  viewer: `SELECT t.pk FROM timeline t WHERE t.agent_pk = :viewer AND t.pk > :edge
    UNION ALL
    SELECT t.pk FROM timeline t WHERE t.sender_pk = :viewer AND t.agent_pk <> :viewer AND t.pk > :edge
    ORDER BY 1 ASC LIMIT :limit`,
} as const;

/** A thread's deliveries from a place on, and the places of what happened to some of them. */
export const THREAD = {
  deliveries: `SELECT m.pk AS message, d.pk AS delivery FROM message m CROSS JOIN delivery d ON d.message_pk = m.pk
    WHERE m.thread_id = :thread AND m.pk >= :message AND (m.pk > :message OR d.pk > :delivery)
    ORDER BY m.pk, d.pk LIMIT :limit`,
  places: `SELECT t.pk FROM json_each(:deliveries) j CROSS JOIN timeline t
    WHERE t.delivery_pk = j.value AND (:viewer IS NULL OR t.agent_pk = :viewer OR t.sender_pk = :viewer)`,
} as const;

const ENTRY = `
  SELECT t.pk, t.at, t.event, t.attempt, t.session_id, t.path, t.reason,
    d.id AS delivery_id, d.seq, m.id AS message_id, m.thread_id, m.body, m.body_hash, m.body_bytes,
    s.id AS sender_id, s.name AS sender_name, r.id AS recipient_id, r.name AS recipient_name
  FROM timeline t
  CROSS JOIN delivery d ON d.pk = t.delivery_pk
  CROSS JOIN message m ON m.pk = d.message_pk
  CROSS JOIN agent s ON s.pk = m.sender_pk
  CROSS JOIN agent r ON r.pk = d.agent_pk
  WHERE t.pk = ?`;

/** The same, the newest first. */
export function newestOf(sql: string): string {
  return sql.replaceAll("> :edge", "< :edge").replaceAll(" ASC ", " DESC ");
}

interface Sought {
  readonly viewer: number | null;
  readonly edge: number;
  readonly limit: number;
}

/** A delivery on the way through a thread. */
interface ThreadRow {
  readonly message: number;
  readonly delivery: number;
}

/** The statements on the log. `epoch` marks its positions: a replaced database has another. */
export function logStatements({ db }: EngineContext, epoch: string, lastPosition: () => number) {
  const cursor = cursors(epoch, "");
  type Place = { pk: number };
  const way = (sql: string) => ({
    after: db.prepare<[Sought | Omit<Sought, "viewer">], Place>(sql),
    newest: db.prepare<[Sought | Omit<Sought, "viewer">], Place>(newestOf(sql)),
  });
  const ways = { all: way(LOG.all), viewer: way(LOG.viewer) };
  const selectThread = db.prepare<[ThreadRow & { thread: string; limit: number }], ThreadRow>(THREAD.deliveries);
  const selectThreadPlaces = db.prepare<[{ deliveries: string; viewer: number | null }], Place>(THREAD.places);
  const selectEntry = db.prepare<[number], LogRow>(ENTRY);
  const selectViewer = db.prepare<[string], Place>(`SELECT pk FROM agent WHERE id = ?`);

  /** The first places ahead of an edge, or the last ones; in order. */
  function places(viewer: number | null, edge: number | undefined, limit: number): number[] {
    const { after, newest } = ways[viewer === null ? "all" : "viewer"];
    const terms = { edge: edge ?? BEHIND_ALL, limit, ...(viewer !== null && { viewer }) };
    return edge === undefined
      ? newest
          .all(terms)
          .map(({ pk }) => pk)
          .reverse()
      : after.all(terms).map(({ pk }) => pk);
  }

  /** The same of a thread, which is gone through a piece at a time. */
  function* threadPlaces(thread: string, viewer: number | null, edge: number | undefined, limit: number) {
    const last = lastPosition();
    let found: number[] = [];
    const best = () => {
      found.sort((a, b) => a - b);
      found = edge === undefined ? found.slice(-limit) : found.slice(0, limit);
    };
    for (let at: ThreadRow = { message: 0, delivery: 0 }; ; ) {
      const rows = selectThread.all({ ...at, thread, limit: PIECE_DELIVERIES });
      const deliveries = JSON.stringify(rows.map(({ delivery }) => delivery));
      for (const { pk } of selectThreadPlaces.all({ deliveries, viewer }))
        if (pk > (edge ?? 0) && pk <= last) found.push(pk);
      best();
      at = rows.at(-1) ?? at;
      if (rows.length < PIECE_DELIVERIES) return found;
      yield;
    }
  }

  return {
    /** A page of the log, a piece between two yields; what was pruned meanwhile is left out. */
    *page({ after, limit, viewer, thread }: Query): Generator<undefined, { entries: LogEntry[]; cursor: string }> {
      const viewerPk = viewer === undefined ? null : (selectViewer.get(viewer)?.pk ?? 0);
      const last = lastPosition();
      const edge = after === undefined ? undefined : cursor.read(after);
      const found =
        thread === undefined ? places(viewerPk, edge, limit) : yield* threadPlaces(thread, viewerPk, edge, limit);
      const entries = yield* inPieces(found, (place) => selectEntry.get(place), logEntryOf);
      // An empty page moves the cursor to the end, so that a viewer's own entries are not searched for twice.
      const end = edge === undefined ? last : found.length < limit ? Math.max(last, edge) : (found.at(-1) ?? last);
      return { entries, cursor: cursor.at(end) };
    },
  };
}
