/** Traces as an engine returns them, and what the mesh gets. */
import { type AgentId, MAX_STEPS_PER_TRACE, type MessageId } from "@agentmesh/protocol";
import { timestamp } from "../../../mesh/clock.ts";
import type { GivenAnswer, TracePart } from "../../../mesh/store/looks.ts";
import { previewOf } from "./body.ts";
import { deliveryOf, type ShownDeliveryRow } from "./rows.ts";
import { type TimelineRow, timelineEntryOf } from "./timeline.ts";

/** Messages of a thread behind the question in which its answers are looked for. */
export const ANSWERS_AMONG = 200;

/** An answer. */
export interface AnswerRow {
  readonly message_id: MessageId;
  readonly sender_id: AgentId;
  readonly body: string;
  readonly body_hash: string;
  readonly accepted_at: number;
}

/** What the mesh gets of an answer. */
export function answerOf(row: AnswerRow): GivenAnswer {
  return {
    by: row.sender_id,
    messageId: row.message_id,
    acceptedAt: timestamp(row.accepted_at),
    preview: previewOf(row),
  };
}

/** A delivery of a message. */
export type TracedRow = ShownDeliveryRow & { readonly pk: number };

/** The same with the newest of what happened to it; `steps` are the newest first, one more than are shown where there are more. */
export function tracedDelivery(
  row: TracedRow,
  steps: readonly TimelineRow[],
  now: number,
): TracePart["deliveries"][number] {
  return {
    ...deliveryOf(row, now),
    timeline: steps.slice(0, MAX_STEPS_PER_TRACE).reverse().map(timelineEntryOf),
    ...(steps.length > MAX_STEPS_PER_TRACE && { earlierSteps: true }),
  };
}
