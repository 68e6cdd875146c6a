/** Hooks as an engine returns them, and the records the mesh gets. */
import type { AgentId, HookId, HookKind } from "@agentmesh/protocol";
import type { HookRecord } from "../../../mesh/store.ts";

/** A hook with its agent, and who its posts are sent to. */
export interface HookRow {
  readonly id: HookId;
  readonly kind: HookKind;
  readonly agent_id: AgentId;
  readonly agent_name: string;
  readonly topic: string | null;
  readonly recipient_id: AgentId | null;
  readonly recipient_name: string | null;
  readonly sealed: string;
  readonly made_at: number;
  readonly last_at: number | null;
}

/** Columns of a hook. */
export const HOOK = `
  SELECT h.id, h.kind, a.id AS agent_id, a.name AS agent_name, h.topic, r.id AS recipient_id, r.name AS recipient_name,
    h.sealed, h.made_at, h.last_at
  FROM hook h JOIN agent a ON a.pk = h.agent_pk LEFT JOIN agent r ON r.pk = h.recipient_pk`;

/** The record of a hook. */
export function hookRecord(row: HookRow, now: number): HookRecord {
  return {
    id: row.id,
    kind: row.kind,
    agent: { id: row.agent_id, name: row.agent_name },
    topic: row.topic ?? undefined,
    recipient:
      row.recipient_id === null || row.recipient_name === null
        ? undefined
        : { id: row.recipient_id, name: row.recipient_name },
    sealed: row.sealed,
    madeAt: row.made_at,
    quietMs: row.last_at === null ? undefined : Math.max(0, now - row.last_at),
    lastAt: row.last_at ?? undefined,
  };
}
