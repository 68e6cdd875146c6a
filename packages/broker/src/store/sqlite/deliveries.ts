/** SQL of deliveries: selected, leased, settled, returned. */
import type { AgentId, DeliveryId, DeliveryRef, DeliveryState, MessageId } from "@agentmesh/protocol";
import type { Delayed } from "../../mesh/store.ts";
import { DELIVERY, OWN_DELIVERY } from "../shared/columns.ts";
import type {
  DeadTerms,
  DueRow,
  DueTerms,
  InboxTerms,
  LeasableTerms,
  LeaseRow,
  StateRow,
  StatesTerms,
  StreamedTerms,
} from "../shared/rows/deliveries.ts";
import type { DeliveryPartyRow, DeliveryRow, OwnDeliveryRow } from "../shared/rows/rows.ts";
import type { EngineContext } from "./context.ts";
import { countingStatements } from "./delivery/counting.ts";
import { insertDelivery } from "./delivery/inserted.ts";
import { insertDeliveries } from "./delivery/inserted-many.ts";
import { manyStatements } from "./delivery/many.ts";
import {
  DEAD,
  DUE,
  INBOX,
  LEASABLE,
  LEASE_OF,
  LEASED_BY,
  OPEN_OF,
  STATES_OF,
  STREAMED,
  THESE,
} from "./delivery-sql.ts";
import type { LifeStatements } from "./file/life.ts";

/** The statements on deliveries. */
export function deliveryStatements({ db, clock, delayed }: EngineContext, life: LifeStatements) {
  const counting = countingStatements(db);
  const selectById = db.prepare<[string, string], DeliveryRow>(`${DELIVERY} WHERE d.id = ? AND r.id = ?`);
  const selectBySeq = db.prepare<[number, string], DeliveryRow>(
    `${DELIVERY} WHERE d.seq = ? AND d.agent_pk = (SELECT pk FROM agent WHERE id = ?)`,
  );
  const selectOwnById = db.prepare<[string, string], OwnDeliveryRow>(`${OWN_DELIVERY} WHERE d.id = ? AND r.id = ?`);
  const selectOwnBySeq = db.prepare<[number, string], OwnDeliveryRow>(
    `${OWN_DELIVERY} WHERE d.seq = ? AND d.agent_pk = (SELECT pk FROM agent WHERE id = ?)`,
  );
  const selectRecord = db.prepare<[number], Pick<DeliveryRow, "id" | "state" | "attempt" | "lease_ends_at">>(
    `SELECT id, state, attempt, lease_ends_at FROM delivery WHERE pk = ?`,
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
  const selectThese = db.prepare<[string], DeliveryRow>(THESE);
  const byPk = (pk: number) => selectByPk.get(pk);
  const selectStates = db.prepare<[StatesTerms], StateRow>(STATES_OF);
  const selectPartiesOf = db.prepare<[MessageId, number], DeliveryPartyRow>(
    `SELECT d.id, d.seq, d.state, r.id AS recipient_id, r.name AS recipient_name
     FROM message m CROSS JOIN delivery d ON d.message_pk = m.pk CROSS JOIN agent r ON r.pk = d.agent_pk
     WHERE m.id = ? ORDER BY d.pk LIMIT ?`,
  );
  const countOf = db.prepare<[MessageId], { n: number }>(
    `SELECT COUNT(*) AS n FROM delivery WHERE message_pk = (SELECT pk FROM message WHERE id = ?)`,
  );
  const selectFirstOf = db.prepare<[MessageId], DeliveryRow>(`${DELIVERY} WHERE m.id = ? ORDER BY d.pk LIMIT 1`);
  const selectWaiting = db.prepare<[{ message: number; limit: number }], DeliveryRow>(
    `${DELIVERY} WHERE d.message_pk = :message AND d.state IN ('queued', 'held') ORDER BY d.pk LIMIT :limit`,
  );
  const page = ({ oldest, newest }: { oldest: string; newest: string }) => ({
    oldest: db.prepare<[InboxTerms], DeliveryRow>(oldest),
    newest: db.prepare<[InboxTerms], DeliveryRow>(newest),
  });
  const pages = { open: page(INBOX.open), held: page(INBOX.held), all: page(INBOX.all) };
  const selectLeasable = db.prepare<[LeasableTerms & { now: number }], { pk: number; bytes: number }>(LEASABLE);
  const markLeased = db.prepare<[string, string | null, number, number | null, number]>(
    `UPDATE delivery SET state = 'leased', attempt = attempt + 1, receipt = ?, session_id = ?, lease_ends_at = ?,
       stream_position = ?, reason = NULL WHERE pk = ? AND state = 'queued'`,
  );
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
  const selectLeasedBy = db.prepare<[string, number], LeaseRow>(LEASED_BY);
  const selectStreamed = db.prepare<[StreamedTerms], LeaseRow>(STREAMED);
  const selectAllLeased = db.prepare<[number], LeaseRow>(`${LEASE_OF} WHERE d.state = 'leased' LIMIT ?`);
  const selectExpired = db.prepare<[number, number], { pk: number; attempt: number }>(
    `SELECT pk, attempt FROM delivery WHERE state IN ('queued', 'held') AND expires_at <= ? ORDER BY expires_at LIMIT ?`,
  );
  const selectDue = db.prepare<[DueTerms], DueRow>(DUE);
  const selectOpenOf = db.prepare<[{ agent: number; limit: number }], { pk: number }>(OPEN_OF);
  const selectDead = {
    all: db.prepare<[Omit<DeadTerms, "agent">], { pk: number; bytes: number }>(DEAD.all),
    of: db.prepare<[DeadTerms], { pk: number; bytes: number }>(DEAD.of),
  };
  const revive = db.prepare<[number, number]>(
    `UPDATE delivery SET state = 'queued', failures = 0, ready_at = 0, reason = NULL, ended_at = NULL,
       dismissed_at = NULL, expires_at = ? + (SELECT m.expires_at - m.accepted_at FROM message m WHERE m.pk = message_pk)
     WHERE pk = ? AND state = 'dead'`,
  );
  const dismiss = db.prepare<[number, number]>(
    `UPDATE delivery SET dismissed_at = ? WHERE pk = ? AND dismissed_at IS NULL`,
  );

  const isId = (ref: DeliveryRef) => ref.startsWith("dlv_");
  const refuse = (agentId: AgentId, ref: DeliveryRef): undefined => {
    if (isId(ref)) life.refuseId(ref);
    else life.refuseNumber(agentId, Number(ref));
  };

  return {
    insert: insertDelivery(db),
    insertMany: insertDeliveries(db, counting),
    many: manyStatements(db, clock, counting),
    /** By id or by seq, in the agent's own inbox. @throws MeshError other_life */
    find(agentId: AgentId, ref: DeliveryRef) {
      const found = isId(ref) ? selectById.get(ref, agentId) : selectBySeq.get(Number(ref), agentId);
      return found ?? refuse(agentId, ref);
    },
    /** The same, without its message. @throws MeshError other_life */
    own(agentId: AgentId, ref: DeliveryRef) {
      const found = isId(ref) ? selectOwnById.get(ref, agentId) : selectOwnBySeq.get(Number(ref), agentId);
      return found ?? refuse(agentId, ref);
    },
    /** How it is now. */
    recordOf: (pk: number) => selectRecord.get(pk),
    has: (messagePk: number, agentPk: number) => selectOne.get(messagePk, agentPk) !== undefined,
    /** An agent's own delivery of a message. */
    ownOf: (id: MessageId, agentId: AgentId) => selectOwn.get(id, agentId)?.id,
    /** By id, in anybody's inbox. */
    findAny(id: string) {
      const found = selectAnyById.get(id);
      if (!found) life.refuseId(id);
      return found;
    },
    byPk,
    /** In the order of the keys; one that is not there is left out. */
    byPks(pks: readonly number[]): DeliveryRow[] {
      const byKey =
        pks.length > 1 ? new Map(selectThese.all(JSON.stringify(pks)).map((row) => [row.pk, row])) : undefined;
      return pks.map((pk) => (byKey ? byKey.get(pk) : byPk(pk))).filter((row) => row !== undefined);
    },
    statesOf: (terms: StatesTerms) => selectStates.all(terms),
    /** The first of a message, with their recipients, without the message. */
    firstOfMessage: (id: MessageId, limit: number) => selectPartiesOf.all(id, limit),
    countOf: (id: MessageId) => countOf.get(id)?.n ?? 0,
    firstOf: (id: MessageId) => selectFirstOf.get(id),
    /** What is queued or held of a message. */
    waitingOf: (message: number, limit: number) => selectWaiting.all({ message, limit }),
    page: (which: keyof typeof pages, order: "oldest" | "newest", terms: InboxTerms) => pages[which][order].all(terms),
    leasable: (terms: LeasableTerms) => selectLeasable.all({ ...terms, now: clock.now() }),
    /** Returns the end of the lease; `position` is where it began in the timeline, of one that is streamed. */
    markLeased(
      pk: number,
      lease: {
        readonly receipt: string;
        readonly session: string | null;
        readonly ms: number;
        readonly position: number | null;
      },
    ): number {
      const endsAt = clock.now() + lease.ms;
      markLeased.run(lease.receipt, lease.session, endsAt, lease.position, pk);
      return endsAt;
    },
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
    leasedBy: (session: string, limit: number) => selectLeasedBy.all(session, limit),
    streamed: (terms: StreamedTerms) => selectStreamed.all(terms),
    allLeased: (limit: number) => selectAllLeased.all(limit),
    expired: (limit: number) => selectExpired.all(clock.now(), limit),
    due: (terms: DueTerms) => selectDue.all(terms),
    openOf: (agent: number, limit: number) => selectOpenOf.all({ agent, limit }),
    /** Dead letters of all, or of an agent, before a place. */
    dead: (agent: number | undefined, terms: Omit<DeadTerms, "agent">) =>
      agent === undefined ? selectDead.all.all(terms) : selectDead.of.all({ ...terms, agent }),
    /** Takes a dead letter off the list; false when it was taken off before. */
    dismiss: (pk: number): boolean => dismiss.run(clock.now(), pk).changes === 1,
    revive: (pk: number) => revive.run(clock.now(), pk),
  };
}
