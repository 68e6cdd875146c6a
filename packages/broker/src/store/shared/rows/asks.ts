/** Rows of asks as an engine returns them, and the asks the mesh gets. */
import type { AgentId, DeliveryState, MessageId, OpenAsk } from "@agentmesh/protocol";
import { timestamp } from "../../../mesh/clock.ts";
import type { Viewer, WaiveVerdict } from "../../../mesh/store.ts";
import { previewOf } from "./body.ts";

/** States in which a question has ended: no answer is to be expected any more. */
export const ENDED_QUESTION: ReadonlySet<DeliveryState> = new Set(["dead", "expired", "refused", "cancelled"]);

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

/** An ask, owed or not, with all that decides whether its answer can be waived. */
export interface WholeAskRow extends OpenAskRow {
  readonly delivery_pk: number;
  readonly attempt: number;
  readonly waived_at: number | null;
  readonly reply_id: MessageId | null;
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

/** What a waive is answered that has nothing to do: done before, or why nobody owes the answer; undefined when it is to be done. */
export function withoutWaiving(row: WholeAskRow, asker: Viewer): WaiveVerdict | undefined {
  const { asker_id, debtor_id: id, debtor_name: name, waived_at, reply_id: replyId, state } = row;
  if (asker !== undefined && asker_id !== asker) return { kind: "no_ask" };
  // First: again is answered as the first time, whatever came since.
  if (waived_at !== null) return waivedAsk(row, waived_at);
  if (replyId !== null) return { kind: "answered", by: { id, name }, replyId };
  return ENDED_QUESTION.has(state) ? { kind: "ended", to: { id, name }, state } : undefined;
}

/** The answer to a waive that was done. */
export function waivedAsk(row: OpenAskRow, waivedAt: number): WaiveVerdict {
  const { asker_id, asker_name, debtor_id, debtor_name } = row;
  return {
    kind: "done",
    from: { id: asker_id, name: asker_name },
    to: { id: debtor_id, name: debtor_name },
    waivedAt,
  };
}
