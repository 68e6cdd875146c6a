/** SQL of deliveries that is longer than a line, or whose plan a test looks at. */
import { DELIVERY } from "../shared/columns.ts";

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

/** Those of these keys, with their messages. */
export const THESE = `${DELIVERY} WHERE d.pk IN (SELECT value FROM json_each(?))`;

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

/** The state of a message's deliveries, without the message. */
export const STATES_OF = `
  SELECT d.pk, d.id, d.state, d.attempt, d.lease_ends_at, d.message_pk, s.id AS sender_id
  FROM message m CROSS JOIN agent s ON s.pk = m.sender_pk CROSS JOIN delivery d ON d.message_pk = m.pk
  WHERE m.id = :messageId AND d.pk > :after ORDER BY d.pk LIMIT :limit`;
