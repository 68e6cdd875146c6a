/** SQL of what a group of acts needs to know: asked at once, behind the locks of all its agents. */
import type { AgentId, DeliveryId, SessionId } from "@agentmesh/protocol";
import { urgencyWeight } from "../../../../mesh/acceptance/urgency.ts";
import type { LeaseTerms } from "../../../../mesh/store.ts";
import { DELIVERY, OWN_DELIVERY } from "../../../shared/columns.ts";
import type { Count } from "../../../shared/quota.ts";
import type { PartyRow, StandingRow } from "../../../shared/rows/agents.ts";
import type { DeliveryRow, OwnDeliveryRow } from "../../../shared/rows/rows.ts";
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

/** What one that leases may have; `n` is its place among them, from 1. */
export interface LeasableRow extends DeliveryRow {
  readonly n: number;
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

/**
 * What is queued and ready for each that leases, in the order of reading: within its bytes, the first whatever its size, and within its
 * credit, which of a read is none. Who is in focus is asked for otherwise.
 */
const LEASABLE = `
  SELECT found.n, row.*
  FROM (
    SELECT x.n, q.pk, q.place
    FROM unnest($1::TEXT[], $2::TEXT[], $3::BIGINT[], $4::SMALLINT[], $5::BIGINT[], $6::BIGINT[], $7::BIGINT[])
      WITH ORDINALITY AS x (agent, session, pushes, urgency, most, credit, bytes, n)
    CROSS JOIN LATERAL (
      SELECT o.pk, row_number() OVER reading AS place, SUM(o.bytes) OVER reading AS so_far
      FROM (
        SELECT d.pk, d.rank, d.seq, d.bytes FROM delivery d
        WHERE d.agent_pk = (SELECT a.pk FROM agent a WHERE a.id = x.agent) AND d.state = 'queued'
          AND d.expires_at > mesh_now() AND (d.ready_at <= mesh_now() OR d.delayed = 'webhook') AND d.urgency >= x.urgency
          AND NOT EXISTS (SELECT 1 FROM push p
                          WHERE p.delivery_pk = d.pk AND p.session_id = x.session AND p.pushes >= x.pushes)
        ORDER BY d.rank, d.seq
        LIMIT LEAST(x.most, CASE WHEN x.credit IS NOT NULL THEN GREATEST(0, x.credit - (
          SELECT COUNT(*) FROM delivery s
          WHERE s.session_id = x.session AND s.state = 'leased' AND s.stream_position IS NOT NULL)) END)) o
      WINDOW reading AS (ORDER BY o.rank, o.seq)) q
    WHERE q.place = 1 OR q.so_far <= x.bytes) found
  CROSS JOIN LATERAL (${DELIVERY} WHERE d.pk = found.pk) row
  ORDER BY found.n, found.place`;

/** Keys for deliveries; one that is not used is no harm. */
const KEYS = `SELECT nextval('delivery_pk_seq') AS pk FROM generate_series(1, $1::INTEGER)`;

/** The statements. */
export function foundStatements(db: Statements) {
  return {
    /** Locks agents until the transaction ends; returns them as they are from now on. */
    lock: (ids: readonly AgentId[]) => db.all<LockedRow>(LOCK, [ids]),
    /** As others see them. */
    records: (ids: readonly AgentId[]) =>
      db.all<SeenRow>(`${AGENT} WHERE a.id = ANY ($1::TEXT[]) AND a.removed_at IS NULL`, [ids]),
    /** Keys for so many deliveries. */
    newKeys: async (count: number) => (await db.all<{ pk: number }>(KEYS, [count])).map(({ pk }) => pk),
    leasable: (leases: readonly LeaseTerms[]) => {
      const pushes = leases.map(({ stream, push }) => stream ?? push);
      return db.all<LeasableRow>(LEASABLE, [
        ...[leases.map(({ agentId }) => agentId), leases.map(({ session = null }) => session)],
        ...[pushes.map((push) => push?.maxPushes ?? null), pushes.map((push) => urgencyWeight(push?.urgency ?? "fyi"))],
        ...[leases.map(({ max }) => max), leases.map(({ stream }) => stream?.maxInFlight ?? null)],
        leases.map(({ maxBytes }) => maxBytes),
      ]);
    },
    usedKeys: (senders: readonly AgentId[], keys: readonly string[]) => db.all<UsedKeyRow>(USED_KEYS, [senders, keys]),
    kept: (senders: readonly AgentId[]) => db.all<KeptRow>(KEPT, [senders]),
    keptOfAll: () => db.all<Count>(KEPT_OF_ALL, []),
    deliveries: (ids: readonly DeliveryId[]) =>
      db.all<OwnDeliveryRow>(`${OWN_DELIVERY} WHERE d.id = ANY ($1::TEXT[])`, [ids]),
    holders: (sessions: readonly SessionId[], deliveries: readonly DeliveryId[], owners: readonly AgentId[]) =>
      db.all<HolderRow>(HOLDERS, [sessions, deliveries, owners]),
  };
}
