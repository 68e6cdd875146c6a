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
  FROM delivery d CROSS JOIN agent r ON r.pk = d.agent_pk`;

/** The deliveries of a message, or the one that an agent has of it; and what happened to a delivery, the newest first. */
export const TRACE = {
  all: `${DELIVERY} WHERE d.message_pk = (SELECT pk FROM message WHERE id = :message) AND d.pk > :after
    ORDER BY d.pk LIMIT :limit`,
  own: `${DELIVERY} WHERE d.agent_pk = (SELECT pk FROM agent WHERE id = :viewer)
    AND d.message_pk = (SELECT pk FROM message WHERE id = :message) AND d.pk > :after LIMIT :limit`,
  steps: `SELECT * FROM timeline WHERE delivery_pk = :delivery ORDER BY pk DESC LIMIT :limit`,
} as const;

/** What was answered to the sender of a message, the first first; looked for in the part of the thread that came next. */
export const ANSWERS = `
  SELECT r.id AS message_id, s.id AS sender_id, r.body, r.body_hash, r.accepted_at
  FROM message r CROSS JOIN agent s ON s.pk = r.sender_pk
  WHERE r.pk IN (
      SELECT later.pk FROM message q CROSS JOIN message later ON later.thread_id = q.thread_id AND later.pk > q.pk
      WHERE q.id = :message ORDER BY later.pk LIMIT ${ANSWERS_AMONG})
    AND r.in_reply_to = :message AND r.kind = 'message'
    AND EXISTS (SELECT 1 FROM delivery d
                WHERE d.message_pk = r.pk AND d.agent_pk = (SELECT sender_pk FROM message WHERE id = :message))
  ORDER BY r.pk`;

/** The statements on traces. `epoch` marks their cursors. */
export function traceStatements({ db, clock }: EngineContext, epoch: string) {
  const cursor = cursors(epoch, "d");
  const selectAll = db.prepare<[{ message: MessageId; after: number; limit: number }], TracedRow>(TRACE.all);
  const selectOwn = db.prepare<[{ message: MessageId; viewer: string; after: number; limit: number }], TracedRow>(
    TRACE.own,
  );
  const selectSteps = db.prepare<[{ delivery: number; limit: number }], TimelineRow>(TRACE.steps);

  const selectAnswers = db.prepare<[{ message: MessageId }], AnswerRow>(ANSWERS);

  const traced = (row: TracedRow) =>
    tracedDelivery(row, selectSteps.all({ delivery: row.pk, limit: MAX_STEPS_PER_TRACE + 1 }), clock.now());

  return {
    answers: (message: MessageId): GivenAnswer[] => selectAnswers.all({ message }).map(answerOf),
    page(message: MessageId, { viewer, after, limit }: TracePage): TracePart {
      const sought = { message, after: after === undefined ? 0 : cursor.read(after), limit: limit + 1 };
      const rows = viewer === undefined ? selectAll.all(sought) : selectOwn.all({ ...sought, viewer });
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      return {
        deliveries: shown.map(traced),
        ...(rows.length > limit && last && { nextAfter: cursor.at(last.pk) }),
      };
    },
  };
}
