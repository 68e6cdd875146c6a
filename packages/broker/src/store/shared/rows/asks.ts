/** Rows of asks as an engine returns them, and the asks the mesh gets. */
import type { AgentId, DeliveryState, MessageId, OpenAsk } from "@agentmesh/protocol";
import { timestamp } from "../../../mesh/clock.ts";
import { previewOf } from "./body.ts";

/** An ask without an answer. */
export interface OpenAskRow {
  readonly message_pk: number;
  readonly message_id: MessageId;
  readonly thread_id: string;
  readonly seq: number;
  readonly asker_id: AgentId;
  readonly asker_name: string;
  readonly debtor_id: AgentId;
  readonly debtor_name: string;
  readonly accepted_at: number;
  readonly expires_at: number;
  readonly due_at: number;
  readonly answer_within_ms: number;
  readonly nudged_at: number | null;
  readonly state: DeliveryState;
  readonly body: string;
  readonly body_bytes: number;
  readonly body_hash: string;
}

/** Where an ask stands among all, in the order of being due. */
export type AskPlace = Pick<OpenAskRow, "due_at" | "message_pk">;

/** An ask as its parties see it. */
export function openAskOf(row: OpenAskRow, now: number): OpenAsk {
  return {
    messageId: row.message_id,
    seq: row.seq,
    from: { id: row.asker_id, name: row.asker_name },
    to: { id: row.debtor_id, name: row.debtor_name },
    askedAt: timestamp(row.accepted_at),
    dueAt: timestamp(row.due_at),
    overdue: row.due_at <= now,
    preview: previewOf(row),
  };
}
