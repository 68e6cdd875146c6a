/** Rows of events as an engine returns them, and the events the mesh gets. */
import { type AgentId, type DeliveryEvent, type DeliveryId, MeshEvent, type MessageId } from "@agentmesh/protocol";
import { timestamp } from "../../../mesh/clock.ts";
import { type TimelineRow, timelineEntryOf } from "./timeline.ts";

/** An event beside the timeline. */
export interface EventRow {
  readonly pk: number;
  readonly at: number;
  readonly agent_id: AgentId;
  readonly name: string;
  readonly type: string;
  readonly facts: string;
}

/** A timeline entry with who sent what to whom, without the text. */
export interface HappenedRow extends TimelineRow {
  readonly delivery_id: DeliveryId;
  readonly seq: number;
  readonly message_id: MessageId;
  readonly thread_id: string;
  readonly sender_id: AgentId;
  readonly sender_name: string;
  readonly recipient_id: AgentId;
  readonly recipient_name: string;
}

/** What every event begins with. */
type Head = Pick<MeshEvent, "v" | "cursor">;

/** An event beside the timeline. */
export function eventOf({ at, agent_id, name, type, facts }: EventRow, head: Head): MeshEvent {
  const agent = { id: agent_id, name };
  return MeshEvent.parse({ ...head, at: timestamp(at), type, agent, ...JSON.parse(facts) });
}

/** What happened to a delivery. */
export function happenedOf(row: HappenedRow, head: Head): DeliveryEvent {
  const { event: _, ...entry } = timelineEntryOf(row);
  return {
    ...head,
    ...entry,
    type: `delivery.${row.event}`,
    deliveryId: row.delivery_id,
    seq: row.seq,
    messageId: row.message_id,
    threadId: row.thread_id,
    from: { id: row.sender_id, name: row.sender_name },
    to: { id: row.recipient_id, name: row.recipient_name },
  };
}
