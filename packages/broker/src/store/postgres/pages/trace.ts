/** SQL of traces: the deliveries of one message a page at a time, without its body, and the newest of what happened to each. */
import { MAX_STEPS_PER_TRACE, type MessageId } from "@agentmesh/protocol";
import type { GivenAnswer, TracePage, TracePart } from "../../../mesh/store/looks.ts";
import { cursors } from "../../shared/rows/cursor.ts";
import type { TimelineRow } from "../../shared/rows/timeline.ts";
import { ANSWERS_AMONG, type AnswerRow, answerOf, type TracedRow, tracedDelivery } from "../../shared/rows/traces.ts";
import type { EngineContext } from "../context.ts";

const DELIVERY = `
  SELECT d.pk, d.id, d.seq, d.trust, d.state, d.attempt, d.ready_at, d.delayed, d.session_id, d.lease_ends_at, d.reason,
    r.id AS recipient_id, r.name AS recipient_name
  FROM delivery d JOIN agent r ON r.pk = d.agent_pk
  WHERE d.message_pk = (SELECT pk FROM message WHERE id = $1) AND d.pk > $2`;

/** What was answered to the sender of a message, the first first; looked for in the part of the thread that came next. */
const ANSWERS = `
  SELECT r.id AS message_id, s.id AS sender_id, r.body, r.body_hash, r.accepted_at
  FROM message r JOIN agent s ON s.pk = r.sender_pk
  WHERE r.pk IN (
      SELECT later.pk FROM message q JOIN message later ON later.thread_id = q.thread_id AND later.pk > q.pk
      WHERE q.id = $1 ORDER BY later.pk LIMIT ${ANSWERS_AMONG})
    AND r.in_reply_to = $1 AND r.kind = 'message'
    AND EXISTS (SELECT 1 FROM delivery d
                WHERE d.message_pk = r.pk AND d.agent_pk = (SELECT sender_pk FROM message WHERE id = $1))
  ORDER BY r.pk`;

/** The statements on traces. */
export function traceStatements({ db, epoch, now }: EngineContext) {
  const cursor = cursors(epoch, "d");
  const all = (message: MessageId, after: number, limit: number) =>
    db.all<TracedRow>(`${DELIVERY} ORDER BY d.pk LIMIT $3`, [message, after, limit]);
  const own = (message: MessageId, after: number, limit: number, viewer: string) =>
    db.all<TracedRow>(`${DELIVERY} AND d.agent_pk = (SELECT pk FROM agent WHERE id = $4) LIMIT $3`, [
      ...[message, after, limit, viewer],
    ]);
  const steps = (delivery: number) =>
    db.all<TimelineRow>(
      `SELECT pk, at, event, attempt, session_id, path, reason FROM timeline
       WHERE delivery_pk = $1 ORDER BY pk DESC LIMIT $2`,
      [...[delivery, MAX_STEPS_PER_TRACE + 1]],
    );

  return {
    answers: async (message: MessageId): Promise<GivenAnswer[]> =>
      (await db.all<AnswerRow>(ANSWERS, [message])).map(answerOf),
    async page(message: MessageId, { viewer, after, limit }: TracePage): Promise<TracePart> {
      const from = after === undefined ? 0 : cursor.read(after);
      const rows =
        viewer === undefined ? await all(message, from, limit + 1) : await own(message, from, limit + 1, viewer);
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      const deliveries: TracePart["deliveries"] = [];
      for (const row of shown) deliveries.push(tracedDelivery(row, await steps(row.pk), now));
      return { deliveries, ...(rows.length > limit && last && { nextAfter: cursor.at(last.pk) }) };
    },
  };
}
