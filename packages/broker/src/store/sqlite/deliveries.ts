/** SQL of deliveries: selected, leased, settled, returned. */
import type { AgentId, DeliveryId, DeliveryRef, DeliveryState, MessageId } from "@agentmesh/protocol";
import type { Delayed } from "../../mesh/store.ts";
import type { EngineContext } from "./context.ts";
import type { DeliveryRow } from "./rows.ts";

/** Columns of a delivery joined with its message, sender and recipient. */
const DELIVERY = `
  SELECT d.pk, d.id, d.seq, d.state, d.attempt, d.failures, d.ready_at, d.delayed, d.receipt, d.session_id,
    d.lease_ends_at, d.reason,
    r.pk AS recipient_pk, r.id AS recipient_id, r.name AS recipient_name,
    m.pk AS message_pk, m.id AS message_id, s.id AS sender_id, s.name AS sender_name,
    s.trust AS sender_trust, m.kind, m.topic, m.body, m.body_bytes, m.body_hash, m.thread_id, m.in_reply_to, m.hops,
    m.urgency, m.accepted_at, d.expires_at,
    (SELECT k.due_at FROM ask k WHERE k.message_pk = m.pk) AS answer_by
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

/** The order of reading, before the number in the inbox. */
export const RANK = { interrupt: 0, message: 1, notice: 2 } as const;

/** A delivery to insert. */
export interface NewDelivery {
  readonly id: string;
  readonly messagePk: number;
  readonly agentPk: number;
  readonly bytes: number;
  readonly state?: "queued" | "held";
  readonly urgency: number;
  readonly rank: number;
  readonly at: number;
  readonly expiresAt: number;
}

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

const LEASE_OF = `
  SELECT d.pk, d.attempt, d.failures, EXISTS (SELECT 1 FROM push p WHERE p.delivery_pk = d.pk AND p.session_id = d.session_id) AS pushed,
    d.stream_position, a.id AS agent_id, d.session_id, d.expires_at
  FROM delivery d JOIN agent a ON a.pk = d.agent_pk`;

/** The statements on deliveries. */
export function deliveryStatements({ db, clock, delayed }: EngineContext) {
  const insert = db.prepare<[Required<NewDelivery> & { seq: number }], { pk: number }>(
    `INSERT INTO delivery (id, message_pk, agent_pk, seq, bytes, state, urgency, rank, accepted_at, expires_at)
     VALUES (:id, :messagePk, :agentPk, :seq, :bytes, :state, :urgency, :rank, :at, :expiresAt) RETURNING pk`,
  );
  const takeSeq = db.prepare<[number], { seq: number }>(
    `UPDATE agent SET next_seq = next_seq + 1 WHERE pk = ? RETURNING next_seq - 1 AS seq`,
  );
  const selectById = db.prepare<[string, string], DeliveryRow>(`${DELIVERY} WHERE d.id = ? AND r.id = ?`);
  const selectBySeq = db.prepare<[number, string], DeliveryRow>(
    `${DELIVERY} WHERE d.seq = ? AND d.agent_pk = (SELECT pk FROM agent WHERE id = ?)`,
  );
  const selectOne = db.prepare<[number, number], { pk: number }>(
    `SELECT pk FROM delivery WHERE message_pk = ? AND agent_pk = ?`,
  );
  const selectOwn = db.prepare<[MessageId, AgentId], { id: DeliveryId }>(
    `SELECT id FROM delivery WHERE message_pk = (SELECT pk FROM message WHERE id = ?)
       AND agent_pk = (SELECT pk FROM agent WHERE id = ?)`,
  );
  const selectAnyById = db.prepare<[string], DeliveryRow>(`${DELIVERY} WHERE d.id = ?`);
  const selectByPk = db.prepare<[number], DeliveryRow>(`${DELIVERY} WHERE d.pk = ?`);
  const selectOfMessage = db.prepare<[MessageId], DeliveryRow>(`${DELIVERY} WHERE m.id = ? ORDER BY d.pk`);
  const selectFirstOf = db.prepare<[MessageId], DeliveryRow>(`${DELIVERY} WHERE m.id = ? ORDER BY d.pk LIMIT 1`);
  const page = ({ oldest, newest }: { oldest: string; newest: string }) => ({
    oldest: db.prepare<[InboxTerms], DeliveryRow>(oldest),
    newest: db.prepare<[InboxTerms], DeliveryRow>(newest),
  });
  const pages = { open: page(INBOX.open), held: page(INBOX.held), all: page(INBOX.all) };
  const countLeased = db.prepare<[string], { n: number }>(
    `SELECT COUNT(*) AS n FROM delivery WHERE session_id = ? AND state = 'leased' AND stream_position IS NOT NULL`,
  );
  const selectLeasable = db.prepare<[LeasableTerms & { now: number }], { pk: number; bytes: number }>(LEASABLE);
  const markLeased = db.prepare<[string, string | null, number, number]>(
    `UPDATE delivery SET state = 'leased', attempt = attempt + 1, receipt = ?, session_id = ?, lease_ends_at = ?,
       reason = NULL WHERE pk = ? AND state = 'queued'`,
  );
  const setPosition = db.prepare<[number, number]>(`UPDATE delivery SET stream_position = ? WHERE pk = ?`);
  const markEnded = db.prepare<[DeliveryState, string | null, number, number]>(
    `UPDATE delivery SET state = ?, reason = ?, ended_at = ?, receipt = NULL, session_id = NULL, lease_ends_at = NULL,
       stream_position = NULL WHERE pk = ?`,
  );
  const markQueued = db.prepare<[number, number, Delayed, string | null, number]>(
    `UPDATE delivery SET state = 'queued', failures = ?, ready_at = ?, delayed = ?, reason = ?, receipt = NULL,
       session_id = NULL, lease_ends_at = NULL, stream_position = NULL WHERE pk = ?`,
  );
  const admit = db.prepare<[number]>(`UPDATE delivery SET state = 'queued' WHERE pk = ? AND state = 'held'`);
  const setReady = db.prepare<[number, number]>(`UPDATE delivery SET ready_at = ? WHERE pk = ?`);
  const setLeaseEnd = db.prepare<[number, number]>(`UPDATE delivery SET lease_ends_at = ? WHERE pk = ?`);
  const countPush = db.prepare<[{ pk: number }]>(
    `INSERT INTO push (delivery_pk, session_id, pushes)
       SELECT pk, session_id, 1 FROM delivery WHERE pk = :pk AND session_id IS NOT NULL
     ON CONFLICT DO UPDATE SET pushes = pushes + 1`,
  );
  const selectOverdue = db.prepare<[number, number], LeaseRow>(
    `${LEASE_OF} WHERE d.state = 'leased' AND d.lease_ends_at <= ? ORDER BY d.lease_ends_at LIMIT ?`,
  );
  const selectLeasedBy = db.prepare<[string], LeaseRow>(
    `${LEASE_OF} WHERE d.session_id = ? AND d.state = 'leased' ORDER BY d.pk`,
  );
  const selectStreamed = db.prepare<[string, number], LeaseRow>(
    `${LEASE_OF} WHERE d.session_id = ? AND d.state = 'leased' AND d.stream_position > ? ORDER BY d.stream_position`,
  );
  const selectAllLeased = db.prepare<[], LeaseRow>(`${LEASE_OF} WHERE d.state = 'leased' ORDER BY d.pk`);
  const selectExpired = db.prepare<[number, number], { pk: number; attempt: number }>(
    `SELECT pk, attempt FROM delivery WHERE state IN ('queued', 'held') AND expires_at <= ? ORDER BY expires_at LIMIT ?`,
  );
  const selectDue = db.prepare<[number, number], { agent_id: AgentId }>(
    `SELECT DISTINCT a.id AS agent_id FROM delivery d JOIN agent a ON a.pk = d.agent_pk
     WHERE d.state = 'queued' AND d.ready_at > 0 AND d.ready_at > ? AND d.ready_at <= ?`,
  );
  const selectOpenOf = db.prepare<[number], { pk: number; attempt: number }>(
    `SELECT pk, attempt FROM delivery WHERE agent_pk = ? AND state IN ('queued', 'leased', 'held') ORDER BY seq`,
  );
  const selectDead = db.prepare<[number], DeliveryRow>(
    `${DELIVERY} WHERE d.state = 'dead' ORDER BY d.ended_at DESC LIMIT ?`,
  );
  const selectDeadOf = db.prepare<[string, number], DeliveryRow>(
    `${DELIVERY} WHERE d.state = 'dead' AND d.agent_pk = (SELECT pk FROM agent WHERE id = ?)
     ORDER BY d.ended_at DESC LIMIT ?`,
  );
  const revive = db.prepare<[number, number]>(
    `UPDATE delivery SET state = 'queued', failures = 0, ready_at = 0, reason = NULL, ended_at = NULL,
       expires_at = ? + (SELECT m.expires_at - m.accepted_at FROM message m WHERE m.pk = message_pk)
     WHERE pk = ? AND state = 'dead'`,
  );
  const countByState = db.prepare<[], { state: DeliveryState; n: number }>(
    `SELECT state, COUNT(*) AS n FROM delivery GROUP BY state`,
  );

  return {
    insert({ state = "queued", ...row }: NewDelivery) {
      const seq = takeSeq.get(row.agentPk)?.seq ?? 0;
      const pk = insert.get({ ...row, state, seq })?.pk ?? 0;
      return { pk, seq };
    },
    /** By id or by seq, in the agent's own inbox. */
    find: (agentId: AgentId, ref: DeliveryRef) =>
      ref.startsWith("dlv_") ? selectById.get(ref, agentId) : selectBySeq.get(Number(ref), agentId),
    has: (messagePk: number, agentPk: number) => selectOne.get(messagePk, agentPk) !== undefined,
    /** An agent's own delivery of a message. */
    ownOf: (id: MessageId, agentId: AgentId) => selectOwn.get(id, agentId)?.id,
    /** By id, in anybody's inbox. */
    findAny: (id: string) => selectAnyById.get(id),
    byPk: (pk: number) => selectByPk.get(pk),
    ofMessage: (id: MessageId) => selectOfMessage.all(id),
    firstOf: (id: MessageId) => selectFirstOf.get(id),
    page: (which: keyof typeof pages, order: "oldest" | "newest", terms: InboxTerms) => pages[which][order].all(terms),
    streamedBy: (session: string) => countLeased.get(session)?.n ?? 0,
    leasable: (terms: LeasableTerms) => selectLeasable.all({ ...terms, now: clock.now() }),
    /** Returns the end of the lease. */
    markLeased(pk: number, receipt: string, session: string | null, leaseMs: number): number {
      const endsAt = clock.now() + leaseMs;
      markLeased.run(receipt, session, endsAt, pk);
      return endsAt;
    },
    setPosition: (pk: number, position: number) => setPosition.run(position, pk),
    markEnded: (
      pk: number,
      state: Extract<DeliveryState, "acked" | "dead" | "expired" | "cancelled" | "refused">,
      reason: string | null,
    ) => markEnded.run(state, reason, clock.now(), pk),
    markQueued(pk: number, failures: number, delay: { ms: number; delayed: Delayed }, reason: string | null) {
      const readyAt = delay.ms > 0 ? clock.now() + delay.ms : 0;
      if (readyAt > 0) delayed(readyAt);
      markQueued.run(failures, readyAt, delay.delayed, reason, pk);
    },
    /** Keeps a delivery from streams and leases for a while. */
    keepBack(pk: number, ms: number) {
      delayed(clock.now() + ms);
      setReady.run(clock.now() + ms, pk);
    },
    admit: (pk: number) => admit.run(pk),
    setLeaseEnd: (pk: number, leaseMs: number) => setLeaseEnd.run(clock.now() + leaseMs, pk),
    countPush: (pk: number) => countPush.run({ pk }),
    overdue: (limit: number) => selectOverdue.all(clock.now(), limit),
    leasedBy: (session: string) => selectLeasedBy.all(session),
    streamedAfter: (session: string, position: number) => selectStreamed.all(session, position),
    allLeased: () => selectAllLeased.all(),
    expired: (limit: number) => selectExpired.all(clock.now(), limit),
    due: (after: number, until: number) => selectDue.all(after, until),
    openOf: (agentPk: number) => selectOpenOf.all(agentPk),
    dead: (owner: AgentId | undefined, limit: number) =>
      owner === undefined ? selectDead.all(limit) : selectDeadOf.all(owner, limit),
    revive: (pk: number) => revive.run(clock.now(), pk),
    countByState: () => countByState.all(),
  };
}
