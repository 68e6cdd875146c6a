/** SQL of the timeline: everything that happens to a delivery, in order. */
import type { TimelineEvent } from "@agentmesh/protocol";
import type { Store } from "../../mesh/store.ts";
import type { EngineContext } from "./context.ts";
import { cursors } from "./cursor.ts";
import { type LogRow, logEntryOf } from "./timeline-rows.ts";

/** What is noted beside the event. */
export interface Note {
  readonly attempt: number;
  readonly session?: string | null;
  readonly path?: string | null;
  readonly reason?: string | null;
}

const COLUMNS = `
  SELECT t.pk, t.at, t.event, t.attempt, t.session_id, t.path, t.reason,
    d.id AS delivery_id, d.seq, m.id AS message_id, m.thread_id, m.body, m.body_hash,
    s.id AS sender_id, s.name AS sender_name, r.id AS recipient_id, r.name AS recipient_name`;

const ENTRY = `${COLUMNS}
  FROM timeline t
  CROSS JOIN delivery d ON d.pk = t.delivery_pk
  CROSS JOIN message m ON m.pk = d.message_pk
  CROSS JOIN agent s ON s.pk = m.sender_pk
  CROSS JOIN agent r ON r.pk = d.agent_pk`;

/** The log ahead of a position, each along an index: of all, of what an agent sent or got, of one thread. */
export const LOG = {
  all: `${ENTRY} WHERE t.pk > :edge ORDER BY t.pk ASC LIMIT :limit`,
  viewer: `${ENTRY} WHERE t.agent_pk = :viewer AND t.pk > :edge
    UNION ALL
    ${ENTRY} WHERE t.sender_pk = :viewer AND t.agent_pk <> :viewer AND t.pk > :edge ORDER BY 1 ASC LIMIT :limit`,
  // As long as a conversation: its entries are sorted.
  thread: `${COLUMNS}
  FROM message m
  CROSS JOIN delivery d ON d.message_pk = m.pk
  CROSS JOIN timeline t ON t.delivery_pk = d.pk
  CROSS JOIN agent s ON s.pk = m.sender_pk
  CROSS JOIN agent r ON r.pk = d.agent_pk
  WHERE m.thread_id = :thread AND (:viewer IS NULL OR t.agent_pk = :viewer OR t.sender_pk = :viewer)
    AND t.pk > :edge ORDER BY t.pk ASC LIMIT :limit`,
} as const;

/** The same, the newest first. */
export function newestOf(sql: string): string {
  return sql.replaceAll("> :edge", "< :edge").replaceAll(" ASC ", " DESC ");
}

/** Entries of one delivery that are kept of each event: the newest. */
const MAX_ENTRIES_PER_EVENT = 100;

/** What a receiver can do as often as it likes under one lease. */
const REPEATABLE: ReadonlySet<TimelineEvent> = new Set(["extended", "pushed", "push_failed"]);

/** Behind every entry there can be. */
const BEHIND_ALL = 999_999_999_999_999;

/** What is looked for in the log. */
interface Sought {
  readonly viewer: number | null;
  readonly thread: string | null;
  readonly edge: number;
  readonly limit: number;
}

/** The statements on the timeline. `epoch` marks its positions: a replaced database has another. */
export function timelineStatements({ db, clock, advanced }: EngineContext, epoch: string) {
  const cursor = cursors(epoch, "");
  const selectParties = db.prepare<[number], { agent_pk: number; sender_pk: number }>(
    `SELECT d.agent_pk, m.sender_pk FROM delivery d JOIN message m ON m.pk = d.message_pk WHERE d.pk = ?`,
  );
  const insert = db.prepare<
    [number, number, number, number, TimelineEvent, number, string | null, string | null, string | null],
    { pk: number }
  >(
    `INSERT INTO timeline (delivery_pk, agent_pk, sender_pk, at, event, attempt, session_id, path, reason)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING pk`,
  );
  const way = (sql: string) => ({
    after: db.prepare<[Sought], LogRow>(sql),
    newest: db.prepare<[Sought], LogRow>(newestOf(sql)),
  });
  const ways = { all: way(LOG.all), viewer: way(LOG.viewer), thread: way(LOG.thread) };
  const selectViewer = db.prepare<[string], { pk: number }>(`SELECT pk FROM agent WHERE id = ?`);
  // Counts on when old entries are pruned, where MAX(pk) would fall back.
  const selectLast = db.prepare<[], { pk: number }>(`SELECT seq AS pk FROM sqlite_sequence WHERE name = 'timeline'`);

  const selectLastHolder = db.prepare<[number], { session_id: string | null }>(
    `SELECT session_id FROM timeline WHERE delivery_pk = ? AND event = 'leased' ORDER BY pk DESC LIMIT 1`,
  );

  const dropOldest = db.prepare<[number, string, number]>(
    `DELETE FROM timeline WHERE pk = (
       SELECT pk FROM timeline WHERE delivery_pk = ? AND event = ? ORDER BY pk DESC LIMIT 1 OFFSET ?)`,
  );

  const lastPosition = (): number => selectLast.get()?.pk ?? 0;

  return {
    lastPosition,
    /** Session of a delivery's newest lease. */
    lastHolder: (deliveryPk: number) => selectLastHolder.get(deliveryPk)?.session_id ?? null,

    /** Notes an event; returns its position. */
    note(deliveryPk: number, event: TimelineEvent, note: Note): number {
      const { attempt, session = null, path = null, reason = null } = note;
      const parties = selectParties.get(deliveryPk);
      if (!parties) throw new Error(`delivery ${deliveryPk} vanished before its ${event} was noted`);
      const { agent_pk, sender_pk } = parties;
      advanced();
      const at = clock.now();
      const pk = insert.get(deliveryPk, agent_pk, sender_pk, at, event, attempt, session, path, reason)?.pk ?? 0;
      // What a receiver can repeat without end: of a lease's own life each time, of leases when there have been many.
      if (attempt > MAX_ENTRIES_PER_EVENT || REPEATABLE.has(event)) {
        dropOldest.run(deliveryPk, event, MAX_ENTRIES_PER_EVENT);
      }
      return pk;
    },

    log({ after, limit, viewer, thread }: Parameters<Store["log"]>[0]) {
      const statements = ways[thread !== undefined ? "thread" : viewer !== undefined ? "viewer" : "all"];
      const viewerPk = viewer === undefined ? null : (selectViewer.get(viewer)?.pk ?? 0);
      const sought = { viewer: viewerPk, thread: thread ?? null, limit };
      if (after === undefined) {
        const rows = statements.newest.all({ ...sought, edge: BEHIND_ALL }).reverse();
        return { entries: rows.map(logEntryOf), cursor: cursor.at(lastPosition()) };
      }
      // An empty page moves the cursor to the end, so that a viewer's own entries are not searched for twice.
      const last = lastPosition();
      const edge = cursor.read(after);
      const rows = statements.after.all({ ...sought, edge });
      const end = rows.length < limit ? Math.max(last, edge) : (rows.at(-1)?.pk ?? last);
      return { entries: rows.map(logEntryOf), cursor: cursor.at(end) };
    },
  };
}
