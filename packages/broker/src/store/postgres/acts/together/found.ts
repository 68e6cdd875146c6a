/** SQL of what a group of acts needs to know: asked at once, behind the locks of all its agents. */
import type { AgentId, DeliveryId, SessionId } from "@agentmesh/protocol";
import { OWN_DELIVERY } from "../../../shared/columns.ts";
import type { Count } from "../../../shared/quota.ts";
import type { PartyRow, StandingRow } from "../../../shared/rows/agents.ts";
import type { OwnDeliveryRow } from "../../../shared/rows/rows.ts";
import { AGENT, type SeenRow } from "../../agents.ts";
import type { Statements } from "../../driver/database.ts";

/** An agent that is locked, as sends and acks need it. */
export interface LockedRow extends PartyRow, StandingRow {
  readonly removed_at: number | null;
  readonly open_bytes: number;
  readonly next_seq: number;
  readonly policy: string | null;
}

/** A session that holds something, or has a stream here. */
export interface HolderRow {
  readonly id: SessionId;
  readonly silent: number;
  readonly proven_at: number | null;
  /** What it was streamed and has not ended. */
  readonly streamed: number;
}

/** What is kept of a sender. */
export type KeptRow = Count & { readonly agent_pk: number };

/** A key of a sender that is in use, or was. */
export interface UsedKeyRow {
  readonly sender_id: AgentId;
  readonly key: string;
  readonly expires_at: number;
}

/** In one order for all transactions, as `agents.lock` does. */
const LOCK = `
  SELECT a.pk, a.id, a.name, a.removed_at, a.archived_at, a.queued_count, a.held_count, a.open_count, a.open_bytes,
    a.next_seq, a.trust, a.focus_until, a.focus_allows, a.focus_reason, a.policy, a.person, a.machine_pk AS machine,
    a.profile::JSON ->> 'host' AS host, a.profile::JSON ->> 'repo' AS repo, a.profile::JSON ->> 'repoUrl' AS "repoUrl"
  FROM agent a WHERE a.id = ANY ($1::TEXT[]) ORDER BY pk FOR NO KEY UPDATE`;

const USED_KEYS = `
  SELECT s.id AS sender_id, i.key, i.expires_at
  FROM unnest($1::TEXT[], $2::TEXT[]) AS asked (sender, key)
  JOIN agent s ON s.id = asked.sender JOIN idempotency i ON i.sender_pk = s.pk AND i.key = asked.key`;

const KEPT = `
  SELECT k.agent_pk, k.messages, k.bytes FROM keeping k
  WHERE k.agent_pk IN (SELECT a.pk FROM agent a WHERE a.id = ANY ($1::TEXT[]))`;

const KEPT_OF_ALL = `
  SELECT COALESCE(SUM(messages), 0)::BIGINT AS messages, COALESCE(SUM(bytes), 0)::BIGINT AS bytes FROM keeping`;

/** Those named, and those that hold deliveries of these agents: all of agents that are locked, which says the order. */
const HOLDERS = `
  SELECT s.id, s.silent, s.proven_at,
    (SELECT COUNT(*) FROM delivery d
     WHERE d.session_id = s.id AND d.state = 'leased' AND d.stream_position IS NOT NULL) AS streamed
  FROM session s
  WHERE s.id IN (SELECT unnest($1::TEXT[])
    UNION SELECT d.session_id FROM delivery d WHERE d.id = ANY ($2::TEXT[]) AND d.session_id IS NOT NULL
      AND d.agent_pk IN (SELECT a.pk FROM agent a WHERE a.id = ANY ($3::TEXT[])))
  ORDER BY s.id FOR NO KEY UPDATE OF s`;

/** The statements. */
export function foundStatements(db: Statements) {
  return {
    /** Locks agents until the transaction ends; returns them as they are from now on. */
    lock: (ids: readonly AgentId[]) => db.all<LockedRow>(LOCK, [ids], "group_lock"),
    /** As others see them. */
    records: (ids: readonly AgentId[]) =>
      db.all<SeenRow>(`${AGENT} WHERE a.id = ANY ($1::TEXT[]) AND a.removed_at IS NULL`, [ids], "group_records"),
    usedKeys: (senders: readonly AgentId[], keys: readonly string[]) =>
      db.all<UsedKeyRow>(USED_KEYS, [senders, keys], "group_keys"),
    kept: (senders: readonly AgentId[]) => db.all<KeptRow>(KEPT, [senders], "group_kept"),
    keptOfAll: () => db.all<Count>(KEPT_OF_ALL, [], "group_kept_of_all"),
    deliveries: (ids: readonly DeliveryId[]) =>
      db.all<OwnDeliveryRow>(`${OWN_DELIVERY} WHERE d.id = ANY ($1::TEXT[])`, [ids], "group_deliveries"),
    holders: (sessions: readonly SessionId[], deliveries: readonly DeliveryId[], owners: readonly AgentId[]) =>
      db.all<HolderRow>(HOLDERS, [sessions, deliveries, owners], "group_holders"),
  };
}
