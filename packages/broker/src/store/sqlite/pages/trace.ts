/** SQL of traces: the deliveries of one message a page at a time, without its body, and the newest of what happened to each. */
import { type AgentId, MAX_STEPS_PER_TRACE, type MessageId } from "@agentmesh/protocol";
import { timestamp } from "../../../mesh/clock.ts";
import type { GivenAnswer, TracePage, TracePart } from "../../../mesh/store/looks.ts";
import { previewOf } from "../../shared/rows/body.ts";
import { cursors } from "../../shared/rows/cursor.ts";
import { deliveryOf, type ShownDeliveryRow } from "../../shared/rows/rows.ts";
import { type TimelineRow, timelineEntryOf } from "../../shared/rows/timeline.ts";
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

/** Messages of a thread behind the question in which its answers are looked for. */
const ANSWERS_AMONG = 200;

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

interface AnswerRow {
  readonly message_id: MessageId;
  readonly sender_id: AgentId;
  readonly body: string;
  readonly body_hash: string;
  readonly accepted_at: number;
}

/** The statements on traces. `epoch` marks their cursors. */
export function traceStatements({ db, clock }: EngineContext, epoch: string) {
  const cursor = cursors(epoch, "d");
  type Row = ShownDeliveryRow & { readonly pk: number };
  const selectAll = db.prepare<[{ message: MessageId; after: number; limit: number }], Row>(TRACE.all);
  const selectOwn = db.prepare<[{ message: MessageId; viewer: string; after: number; limit: number }], Row>(TRACE.own);
  const selectSteps = db.prepare<[{ delivery: number; limit: number }], TimelineRow>(TRACE.steps);

  const selectAnswers = db.prepare<[{ message: MessageId }], AnswerRow>(ANSWERS);

  function traced(row: Row): TracePart["deliveries"][number] {
    const steps = selectSteps.all({ delivery: row.pk, limit: MAX_STEPS_PER_TRACE + 1 });
    return {
      ...deliveryOf(row, clock.now()),
      timeline: steps.slice(0, MAX_STEPS_PER_TRACE).reverse().map(timelineEntryOf),
      ...(steps.length > MAX_STEPS_PER_TRACE && { earlierSteps: true }),
    };
  }

  return {
    answers: (message: MessageId): GivenAnswer[] =>
      selectAnswers.all({ message }).map((row) => ({
        by: row.sender_id,
        messageId: row.message_id,
        acceptedAt: timestamp(row.accepted_at),
        preview: previewOf(row),
      })),
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
