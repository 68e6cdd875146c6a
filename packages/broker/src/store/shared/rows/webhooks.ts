/** Webhooks as an engine returns them, and what the mesh gets. */
import type { AgentId, EventFacts, WebhookState } from "@agentmesh/protocol";
import { timestamp } from "../../../mesh/clock.ts";
import type { FollowedTask, WebhookRecord } from "../../../mesh/store.ts";
import { type DeliveryRow, messageOf } from "./rows.ts";

/** A webhook with its agent. */
export interface WebhookRow {
  readonly agent_id: AgentId;
  readonly sealed: string;
  readonly set_at: number;
  readonly failures: number;
  readonly proven_at: number | null;
  readonly failed_at: number | null;
  readonly failed_why: string | null;
  readonly rests_until: number | null;
  readonly disabled: number;
}

/** Columns of a webhook. */
export const WEBHOOK = `
  SELECT a.id AS agent_id, w.sealed, w.set_at, w.failures, w.proven_at, w.failed_at, w.failed_why, w.rests_until, w.disabled
  FROM webhook w JOIN agent a ON a.pk = w.agent_pk`;

/** How a webhook does, as its row says. */
function webhookState(row: WebhookRow): WebhookState {
  if (row.disabled === 1) return "disabled";
  if (row.rests_until !== null) return "resting";
  if (row.failed_why !== null) return "failing";
  return row.proven_at === null ? "untried" : "working";
}

/** The record of a followed task, and of the delivery that it took. */
export function followedTask({ task, ends_at }: FollowedRow, delivery: DeliveryRow): FollowedTask {
  const { id, recipient_id: agentId } = delivery;
  return { agentId, delivery: { id, message: messageOf(delivery) }, task, endsAt: ends_at };
}

/** The record of a webhook. */
export function webhookRecord(row: WebhookRow): WebhookRecord {
  return {
    agentId: row.agent_id,
    sealed: row.sealed,
    setAt: row.set_at,
    failures: row.failures,
    provenAt: row.proven_at ?? undefined,
    failedAt: row.failed_at ?? undefined,
    failedWhy: row.failed_why ?? undefined,
    restsUntil: row.rests_until ?? undefined,
    disabled: row.disabled === 1,
  };
}

/** A task that is followed, by the key of its delivery. */
export interface FollowedRow {
  readonly delivery_pk: number;
  readonly task: string;
  readonly ends_at: number;
}

/** What is followed, in the order in which it was taken up. */
export const FOLLOWED = `SELECT delivery_pk, task, ends_at FROM followed ORDER BY ends_at, delivery_pk`;

/** What a webhook's rows before and after a change say has happened to it. */
export type WebhookChange =
  | { readonly type: "webhook.resting"; readonly facts: EventFacts<"webhook.resting"> }
  | { readonly type: "webhook.working"; readonly facts: EventFacts<"webhook.working"> }
  | { readonly type: "webhook.failing"; readonly facts: EventFacts<"webhook.failing"> }
  | { readonly type: "webhook.disabled"; readonly facts: EventFacts<"webhook.disabled"> };

/** Told when the state is another; of a webhook that is gone there is nothing to tell. */
export function webhookChange(
  before: WebhookRow | undefined,
  after: WebhookRow | undefined,
  now: number,
): WebhookChange | undefined {
  if (!before || !after || webhookState(before) === webhookState(after)) return undefined;
  const why = after.failed_why ?? "";
  switch (webhookState(after)) {
    case "resting":
      return { type: "webhook.resting", facts: { why, until: timestamp(after.rests_until ?? now) } };
    case "working":
      return { type: "webhook.working", facts: {} };
    case "failing":
      return { type: "webhook.failing", facts: { why } };
    case "disabled":
      return { type: "webhook.disabled", facts: { why } };
    case "untried":
      return undefined;
  }
}
