/** SQL of the timeline: everything that happens to a delivery, in order. */
import type { AgentId, MessageId, TimelineEvent } from "@agentmesh/protocol";
import { MeshError } from "../../mesh/errors.ts";
import type { Viewer } from "../../mesh/store.ts";
import type { EngineContext } from "./context.ts";
import { type LogRow, logEntryOf, type TimelineRow } from "./rows.ts";

/** What is noted beside the event. */
export interface Note {
  readonly attempt: number;
  readonly session?: string | null;
  readonly path?: string | null;
  readonly reason?: string | null;
}

const LOG = `
  SELECT t.pk, t.at, t.event, t.attempt, t.session_id, t.path, t.reason,
    d.id AS delivery_id, d.seq, m.id AS message_id, m.thread_id, substr(m.body, 1, 400) AS preview,
    s.id AS sender_id, s.name AS sender_name, r.id AS recipient_id, r.name AS recipient_name
  FROM timeline t
  JOIN delivery d ON d.pk = t.delivery_pk
  JOIN message m ON m.pk = d.message_pk
  JOIN agent s ON s.pk = m.sender_pk
  JOIN agent r ON r.pk = d.agent_pk
  WHERE (:viewer IS NULL OR s.id = :viewer OR r.id = :viewer)`;

/** The statements on the timeline. `epoch` marks its positions: a replaced database has another. */
export function timelineStatements({ db, clock, advanced }: EngineContext, epoch: string) {
  const insert = db.prepare<
    [number, number, TimelineEvent, number, string | null, string | null, string | null],
    { pk: number }
  >(
    `INSERT INTO timeline (delivery_pk, at, event, attempt, session_id, path, reason)
     VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING pk`,
  );
  const selectAfter = db.prepare<[{ viewer: AgentId | null; after: number; limit: number }], LogRow>(
    `${LOG} AND t.pk > :after ORDER BY t.pk LIMIT :limit`,
  );
  const selectNewest = db.prepare<[{ viewer: AgentId | null; limit: number }], LogRow>(
    `${LOG} ORDER BY t.pk DESC LIMIT :limit`,
  );
  // Counts on when old entries are pruned, where MAX(pk) would fall back.
  const selectLast = db.prepare<[], { pk: number }>(`SELECT seq AS pk FROM sqlite_sequence WHERE name = 'timeline'`);
  const selectOfMessage = db.prepare<[MessageId], TimelineRow & { delivery_pk: number }>(
    `SELECT t.* FROM timeline t JOIN delivery d ON d.pk = t.delivery_pk JOIN message m ON m.pk = d.message_pk
     WHERE m.id = ? ORDER BY t.pk`,
  );

  const selectLastHolder = db.prepare<[number], { session_id: string | null }>(
    `SELECT session_id FROM timeline WHERE delivery_pk = ? AND event = 'leased' ORDER BY pk DESC LIMIT 1`,
  );

  const lastPosition = (): number => selectLast.get()?.pk ?? 0;
  const cursorAt = (position: number): string => `${epoch}.${position}`;

  return {
    lastPosition,
    /** Session of a delivery's newest lease. */
    lastHolder: (deliveryPk: number) => selectLastHolder.get(deliveryPk)?.session_id ?? null,
    ofMessage: (id: MessageId) => selectOfMessage.all(id),

    /** Notes an event; returns its position. */
    note(deliveryPk: number, event: TimelineEvent, note: Note): number {
      const { attempt, session = null, path = null, reason = null } = note;
      advanced();
      return insert.get(deliveryPk, clock.now(), event, attempt, session, path, reason)?.pk ?? 0;
    },

    log({ after, limit, viewer }: { after: string | undefined; limit: number; viewer: Viewer }) {
      if (after === undefined) {
        const rows = selectNewest.all({ viewer: viewer ?? null, limit }).reverse();
        return { entries: rows.map(logEntryOf), cursor: cursorAt(lastPosition()) };
      }
      const [of, position] = after.split(".");
      if (of !== epoch || !/^\d{1,15}$/.test(position ?? "")) {
        throw new MeshError(
          "cursor_invalid",
          `The cursor "${after}" is not of this database: it was replaced or restored. Ask again without a cursor.`,
        );
      }
      // An empty page moves the cursor to the end, so that a viewer's own entries are not searched for twice.
      const last = lastPosition();
      const rows = selectAfter.all({ viewer: viewer ?? null, after: Number(position), limit });
      const end = rows.length < limit ? Math.max(last, Number(position)) : (rows.at(-1)?.pk ?? last);
      return { entries: rows.map(logEntryOf), cursor: cursorAt(end) };
    },
  };
}
