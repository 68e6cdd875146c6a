/** Event webhooks as an engine returns them, and what the mesh gets. */
import type { AgentId } from "@agentmesh/protocol";
import type { EventWebhookRecord } from "../../../mesh/store.ts";

/** An event webhook with its agent. */
export interface EventWebhookRow {
  readonly id: string;
  readonly agent_id: AgentId;
  readonly sealed: string;
  readonly cursor: string;
  readonly ends_at: number;
}

/** Columns of an event webhook. */
export const EVENT_WEBHOOK = `
  SELECT w.id, a.id AS agent_id, w.sealed, w.cursor, w.ends_at FROM event_webhook w JOIN agent a ON a.pk = w.agent_pk`;

/** The record of an event webhook. */
export function eventWebhookRecord({ id, agent_id, sealed, cursor, ends_at }: EventWebhookRow): EventWebhookRecord {
  return { id, agentId: agent_id, sealed, cursor, endsAt: ends_at };
}
