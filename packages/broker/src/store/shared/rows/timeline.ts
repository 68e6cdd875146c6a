/** Rows of the timeline as an engine returns them, and the entries the mesh gets. */
import type { AgentId, DeliveryId, LogEntry, MessageId, TimelineEntry, TimelineEvent } from "@agentmesh/protocol";
import { timestamp } from "../../../mesh/clock.ts";
import { previewOf } from "./body.ts";

/** A timeline entry. */
export interface TimelineRow {
  readonly pk: number;
  readonly at: number;
  readonly event: TimelineEvent;
  readonly attempt: number;
  readonly session_id: string | null;
  readonly path: string | null;
  readonly reason: string | null;
}

/** A timeline entry with the envelope of its message. */
export interface LogRow extends TimelineRow {
  readonly delivery_id: DeliveryId;
  readonly seq: number;
  readonly message_id: MessageId;
  readonly thread_id: string;
  readonly sender_id: AgentId;
  readonly sender_name: string;
  readonly recipient_id: AgentId;
  readonly recipient_name: string;
  readonly body: string;
  readonly body_hash: string;
  readonly body_bytes: number;
}

export function timelineEntryOf(row: TimelineRow): TimelineEntry {
  return {
    at: timestamp(row.at),
    event: row.event,
    attempt: row.attempt,
    ...(row.session_id !== null && { session: row.session_id }),
    ...(row.path !== null && { path: row.path }),
    ...(row.reason !== null && { reason: row.reason }),
  };
}

export function logEntryOf(row: LogRow): LogEntry {
  return {
    ...timelineEntryOf(row),
    deliveryId: row.delivery_id,
    seq: row.seq,
    messageId: row.message_id,
    threadId: row.thread_id,
    from: { id: row.sender_id, name: row.sender_name },
    to: { id: row.recipient_id, name: row.recipient_name },
    preview: previewOf(row),
  };
}
