/** SQL of deliveries that is longer than a line, or whose plan a test looks at. */
import type { AgentId, MessageId } from "@agentmesh/protocol";
import type { DeliveryRow } from "../shared/rows/rows.ts";

/** Columns of a delivery joined with its message, sender and recipient. */
export const DELIVERY = `
  SELECT d.pk, d.id, d.seq, d.trust, d.state, d.attempt, d.failures, d.ready_at, d.delayed, d.receipt, d.session_id,
    d.lease_ends_at, d.reason, d.ended_at,
    r.pk AS recipient_pk, r.id AS recipient_id, r.name AS recipient_name,
    m.pk AS message_pk, m.id AS message_id, m.sender_pk, s.id AS sender_id, s.name AS sender_name,
    s.trust AS sender_trust, m.kind, m.topic, m.body, m.body_bytes, m.body_hash, m.thread_id, m.in_reply_to, m.hops,
    m.urgency, m.accepted_at, d.expires_at,
    (SELECT k.due_at FROM ask k WHERE k.message_pk = m.pk) AS answer_by
  FROM delivery d
  JOIN message m ON m.pk = d.message_pk
  JOIN agent r ON r.pk = d.agent_pk
  JOIN agent s ON s.pk = m.sender_pk`;

/** The same without what is read for the message alone: a body may be large. */
export const OWN_DELIVERY = `
  SELECT d.pk, d.id, d.state, d.attempt, d.failures, d.receipt, d.session_id, d.lease_ends_at, d.expires_at,
    d.agent_pk AS recipient_pk, r.id AS recipient_id, m.sender_pk, s.id AS sender_id
  FROM delivery d
  JOIN message m ON m.pk = d.message_pk
  JOIN agent r ON r.pk = d.agent_pk
  JOIN agent s ON s.pk = m.sender_pk`;

/**
 * What may be leased, interrupts first and notices of the mesh last, each by number: an old message is never behind a
 * heap of reminders. Each condition repeats the predicate of the index delivery_queued.
 */
export const LEASABLE = `
  SELECT d.pk, d.bytes FROM delivery d
  WHERE d.agent_pk = :agent AND d.state = 'queued' AND d.expires_at > :now
    AND (d.ready_at <= :now OR (d.delayed = 'webhook' AND :webhook = 0))
    AND d.urgency >= :leastUrgency
    AND NOT EXISTS (SELECT 1 FROM push p
                    WHERE p.delivery_pk = d.pk AND p.session_id = :session AND p.pushes >= :maxPushes)
  ORDER BY d.rank, d.seq LIMIT :max`;

/** What to look for in an inbox. */
export interface LeasableTerms {
  readonly agent: number;
  readonly session: string | null;
  readonly maxPushes: number | null;
  readonly leastUrgency: number;
  /** 1: the agent's webhook asks. */
  readonly webhook: 0 | 1;
  readonly max: number;
}

const inbox = (condition: string) => {
  const part = `${DELIVERY} WHERE d.agent_pk = :agent AND ${condition} AND d.seq > :after AND d.seq < :before`;
  return { oldest: `${part} ORDER BY d.seq LIMIT :limit`, newest: `${part} ORDER BY d.seq DESC LIMIT :limit` };
};

/** A page of an inbox, from either end. */
export const INBOX = {
  open: inbox("d.state IN ('queued', 'leased')"),
  held: inbox("d.state = 'held'"),
  all: inbox("TRUE"),
} as const;

const dead = (condition: string) => `
  SELECT d.pk, d.bytes FROM delivery d WHERE d.state = 'dead' AND d.dismissed_at IS NULL ${condition} AND (d.ended_at, d.id) < (:at, :id)
  ORDER BY d.ended_at DESC, d.id DESC LIMIT :limit`;

/** Dead letters before a place, the newest first, without their texts. */
export const DEAD = { all: dead(""), of: dead("AND d.agent_pk = :agent") } as const;

/** Which dead letters: those of an agent, or of all; before a place. */
export interface DeadTerms {
  readonly agent: number;
  readonly at: number;
  readonly id: string;
  readonly limit: number;
}

/** Which part of an inbox to show: numbers between `after` and `before`. */
export interface InboxTerms {
  readonly agent: number;
  readonly after: number;
  readonly before: number;
  readonly limit: number;
}

/** A lease that is over, or that its holder gives up. */
export interface LeaseRow {
  readonly pk: number;
  readonly attempt: number;
  readonly failures: number;
  /** Whether the holder has reported a push in this lease or an earlier one of its session. */
  readonly pushed: number;
  /** Where in the timeline a streamed lease began. */
  readonly stream_position: number | null;
  readonly agent_id: AgentId;
  readonly session_id: string | null;
  readonly expires_at: number;
}

/** A lease with whom it is of. */
export const LEASE_OF = `
  SELECT d.pk, d.attempt, d.failures, EXISTS (SELECT 1 FROM push p WHERE p.delivery_pk = d.pk AND p.session_id = d.session_id) AS pushed,
    d.stream_position, a.id AS agent_id, d.session_id, d.expires_at
  FROM delivery d JOIN agent a ON a.pk = d.agent_pk`;

/** What a session holds, in the order of acceptance: sorted without looking at more than an index. */
export const LEASED_BY = `${LEASE_OF} WHERE d.pk IN (
    SELECT pk FROM delivery WHERE session_id = ? AND state = 'leased' ORDER BY pk LIMIT ?) ORDER BY d.pk`;

/** What was streamed to a session between two positions. */
export const STREAMED = `${LEASE_OF}
  WHERE d.session_id = :session AND d.state = 'leased' AND d.stream_position > :after AND d.stream_position <= :until
  ORDER BY d.stream_position LIMIT :limit`;

/** What was streamed, and how much of it. */
export interface StreamedTerms {
  readonly session: string;
  readonly after: number;
  readonly until: number;
  readonly limit: number;
}

/** Everything open in an inbox by number, each part along its index. */
export const OPEN_OF = `
  SELECT pk, seq FROM delivery WHERE agent_pk = :agent AND state IN ('queued', 'leased')
  UNION ALL
  SELECT pk, seq FROM delivery WHERE agent_pk = :agent AND state = 'held' ORDER BY 2 LIMIT :limit`;

/** Delays that end within a time, in that order, behind a place among them. */
export const DUE = `
  SELECT d.ready_at, d.agent_pk, d.pk, a.id AS agent_id FROM delivery d CROSS JOIN agent a ON a.pk = d.agent_pk
  WHERE d.state = 'queued' AND d.ready_at > 0 AND (d.ready_at, d.agent_pk, d.pk) > (:after, :agent, :pk)
    AND d.ready_at <= :until
  ORDER BY d.ready_at, d.agent_pk, d.pk LIMIT :limit`;

/** Until when, and behind which place. */
export interface DueTerms {
  readonly after: number;
  readonly agent: number;
  readonly pk: number;
  readonly until: number;
  readonly limit: number;
}

/** A delivery whose delay is over. */
export interface DueRow {
  readonly ready_at: number;
  readonly agent_pk: number;
  readonly pk: number;
  readonly agent_id: AgentId;
}

/** The state of a message's deliveries, without the message. */
export const STATES_OF = `
  SELECT d.pk, d.id, d.state, d.attempt, d.lease_ends_at, d.message_pk, s.id AS sender_id
  FROM message m CROSS JOIN agent s ON s.pk = m.sender_pk CROSS JOIN delivery d ON d.message_pk = m.pk
  WHERE m.id = :messageId AND d.pk > :after ORDER BY d.pk LIMIT :limit`;

/** Which deliveries of a message: behind one, so many. */
export interface StatesTerms {
  readonly messageId: MessageId;
  readonly after: number;
  readonly limit: number;
}

/** How a delivery is, with its sender. */
export type StateRow = Pick<
  DeliveryRow,
  "pk" | "id" | "state" | "attempt" | "lease_ends_at" | "message_pk" | "sender_id"
>;
