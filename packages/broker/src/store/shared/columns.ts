/** What is selected of messages and deliveries, the same for every engine. */

/** Columns of a delivery joined with its message, sender and recipient. */
export const DELIVERY = `
  SELECT d.pk, d.id, d.seq, d.trust, d.state, d.attempt, d.failures, d.ready_at, d.delayed, d.receipt, d.session_id,
    d.lease_ends_at, d.reason, d.ended_at,
    r.pk AS recipient_pk, r.id AS recipient_id, r.name AS recipient_name,
    m.pk AS message_pk, m.id AS message_id, m.sender_pk, s.id AS sender_id, s.name AS sender_name,
    s.trust AS sender_trust, m.kind, m.topic, m.body, m.body_bytes, m.body_hash, m.thread_id, m.in_reply_to, m.hops,
    m.urgency, m.accepted_at, d.expires_at, q.due_at AS answer_by, q.waived_at AS answer_waived_at
  FROM delivery d
  JOIN message m ON m.pk = d.message_pk
  LEFT JOIN ask q ON q.message_pk = m.pk
  JOIN agent r ON r.pk = d.agent_pk
  JOIN agent s ON s.pk = m.sender_pk`;

/** The same without what is read for the message alone: a body may be large. */
export const OWN_DELIVERY = `
  SELECT d.pk, d.id, d.bytes, d.state, d.attempt, d.failures, d.receipt, d.session_id, d.lease_ends_at, d.expires_at,
    d.agent_pk AS recipient_pk, r.id AS recipient_id, m.sender_pk, s.id AS sender_id
  FROM delivery d
  JOIN message m ON m.pk = d.message_pk
  JOIN agent r ON r.pk = d.agent_pk
  JOIN agent s ON s.pk = m.sender_pk`;

/** A message without a delivery, so that its recipient has no name yet. */
export const MESSAGE = `
  SELECT m.id AS message_id, m.kind, m.topic, m.sender_pk, s.id AS sender_id, s.name AS sender_name,
    s.trust AS sender_trust,
    '' AS recipient_name, m.body, m.body_bytes, m.body_hash, m.thread_id, m.in_reply_to, m.hops, m.urgency,
    m.by_program, m.accepted_at, m.expires_at, q.due_at AS answer_by, q.waived_at AS answer_waived_at
  FROM message m JOIN agent s ON s.pk = m.sender_pk LEFT JOIN ask q ON q.message_pk = m.pk`;

/** What both engines read of an ask; `k` is the ask, `m` its message, `d` the delivery, `a` the asker, `b` who owes the answer. */
export const ASK_COLUMNS = `k.message_pk, m.id AS message_id, m.thread_id, d.seq, a.id AS asker_id, a.name AS asker_name,
    b.id AS debtor_id, b.name AS debtor_name, m.accepted_at, m.expires_at, k.due_at, k.answer_within_ms, k.nudged_at,
    d.state, m.body, m.body_bytes, m.body_hash`;
