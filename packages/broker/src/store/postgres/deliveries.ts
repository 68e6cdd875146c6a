/** SQL of deliveries: selected, leased, settled, returned. */
import type { AgentId, DeliveryId, DeliveryRef, DeliveryState, MessageId, TrustClass } from "@agentmesh/protocol";
import type { Delayed } from "../../mesh/store.ts";
import { DELIVERY, OWN_DELIVERY } from "../shared/columns.ts";
import type { StateRow, StatesTerms } from "../shared/rows/deliveries.ts";
import type { DeliveryPartyRow, DeliveryRow, OwnDeliveryRow } from "../shared/rows/rows.ts";
import type { EngineContext } from "./context.ts";

/** A delivery to insert. */
export interface NewDelivery {
  readonly id: string;
  readonly messagePk: number;
  readonly agentPk: number;
  readonly bytes: number;
  /** Left out for a notice of the mesh. */
  readonly trust?: TrustClass;
  readonly state?: "queued" | "held";
  readonly urgency: number;
  readonly rank: number;
  readonly at: number;
  readonly expiresAt: number;
}

const isId = (ref: DeliveryRef): boolean => ref.startsWith("dlv_");

/** The statements on deliveries. */
export function deliveryStatements({ db, now }: EngineContext) {
  return {
    /** Puts one into an inbox, which is locked; returns its key and its number there. */
    async insert({ state = "queued", trust, ...row }: NewDelivery): Promise<{ pk: number; seq: number }> {
      const taken = await db.get<{ seq: number }>(
        `UPDATE agent SET next_seq = next_seq + 1 WHERE pk = $1 RETURNING next_seq - 1 AS seq`,
        [row.agentPk],
      );
      const seq = taken?.seq ?? 0;
      const made = await db.get<{ pk: number }>(
        `INSERT INTO delivery (id, message_pk, agent_pk, seq, bytes, trust, state, urgency, rank, accepted_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING pk`,
        [
          ...[row.id, row.messagePk, row.agentPk, seq, row.bytes, trust ?? null, state],
          ...[row.urgency, row.rank, row.at, row.expiresAt],
        ],
      );
      return { pk: made?.pk ?? 0, seq };
    },
    /** By id or by seq, in the agent's own inbox. */
    find: (agentId: AgentId, ref: DeliveryRef) =>
      isId(ref)
        ? db.get<DeliveryRow>(`${DELIVERY} WHERE d.id = $1 AND r.id = $2`, [ref, agentId])
        : db.get<DeliveryRow>(`${DELIVERY} WHERE d.seq = $1 AND d.agent_pk = (SELECT pk FROM agent WHERE id = $2)`, [
            ...[Number(ref), agentId],
          ]),
    /** The same, without its message. */
    own: (agentId: AgentId, ref: DeliveryRef) =>
      isId(ref)
        ? db.get<OwnDeliveryRow>(`${OWN_DELIVERY} WHERE d.id = $1 AND r.id = $2`, [ref, agentId])
        : db.get<OwnDeliveryRow>(
            `${OWN_DELIVERY} WHERE d.seq = $1 AND d.agent_pk = (SELECT pk FROM agent WHERE id = $2)`,
            [Number(ref), agentId],
          ),
    /** How it is now. */
    recordOf: (pk: number) =>
      db.get<Pick<DeliveryRow, "id" | "state" | "attempt" | "lease_ends_at">>(
        `SELECT id, state, attempt, lease_ends_at FROM delivery WHERE pk = $1`,
        [pk],
      ),
    has: async (messagePk: number, agentPk: number): Promise<boolean> =>
      (await db.get(`SELECT pk FROM delivery WHERE message_pk = $1 AND agent_pk = $2`, [messagePk, agentPk])) !==
      undefined,
    /** An agent's own delivery of a message. */
    ownOf: async (id: MessageId, agentId: AgentId): Promise<DeliveryId | undefined> =>
      (
        await db.get<{ id: DeliveryId }>(
          `SELECT id FROM delivery WHERE message_pk = (SELECT pk FROM message WHERE id = $1)
             AND agent_pk = (SELECT pk FROM agent WHERE id = $2)`,
          [id, agentId],
        )
      )?.id,
    /** By id, in anybody's inbox. */
    findAny: (id: string) => db.get<DeliveryRow>(`${DELIVERY} WHERE d.id = $1`, [id]),
    byPk: (pk: number) => db.get<DeliveryRow>(`${DELIVERY} WHERE d.pk = $1`, [pk]),
    statesOf: ({ messageId, after, limit }: StatesTerms) =>
      db.all<StateRow & { readonly agent_pk: number }>(
        `SELECT d.pk, d.agent_pk, d.id, d.state, d.attempt, d.lease_ends_at, d.message_pk, s.id AS sender_id
         FROM message m JOIN agent s ON s.pk = m.sender_pk JOIN delivery d ON d.message_pk = m.pk
         WHERE m.id = $1 AND d.pk > $2 ORDER BY d.pk LIMIT $3`,
        [messageId, after, limit],
      ),
    /** The first of a message, with their recipients, without the message. */
    firstOfMessage: (id: MessageId, limit: number) =>
      db.all<DeliveryPartyRow>(
        `SELECT d.id, d.seq, d.state, r.id AS recipient_id, r.name AS recipient_name
         FROM message m JOIN delivery d ON d.message_pk = m.pk JOIN agent r ON r.pk = d.agent_pk
         WHERE m.id = $1 ORDER BY d.pk LIMIT $2`,
        [id, limit],
      ),
    countOf: async (id: MessageId): Promise<number> =>
      (
        await db.get<{ n: number }>(
          `SELECT COUNT(*) AS n FROM delivery WHERE message_pk = (SELECT pk FROM message WHERE id = $1)`,
          [id],
        )
      )?.n ?? 0,
    firstOf: (id: MessageId) => db.get<DeliveryRow>(`${DELIVERY} WHERE m.id = $1 ORDER BY d.pk LIMIT 1`, [id]),
    /** What is queued or held of a message. */
    waitingOf: (message: number, limit: number) =>
      db.all<DeliveryRow>(
        `${DELIVERY} WHERE d.message_pk = $1 AND d.state IN ('queued', 'held') ORDER BY d.pk LIMIT $2`,
        [message, limit],
      ),
    /** Returns the end of the lease; `position` is where it began in the timeline, of one that is streamed. */
    async markLeased(
      pk: number,
      lease: {
        readonly receipt: string;
        readonly session: string | null;
        readonly ms: number;
        readonly position: number | null;
      },
    ): Promise<number> {
      const endsAt = now + lease.ms;
      await db.run(
        `UPDATE delivery SET state = 'leased', attempt = attempt + 1, receipt = $1, session_id = $2, lease_ends_at = $3,
           stream_position = $4, reason = NULL WHERE pk = $5 AND state = 'queued'`,
        [lease.receipt, lease.session, endsAt, lease.position, pk],
      );
      return endsAt;
    },
    markEnded: (
      pk: number,
      state: Extract<DeliveryState, "acked" | "dead" | "expired" | "cancelled" | "refused">,
      reason: string | null,
    ) =>
      db.run(
        `UPDATE delivery SET state = $1, reason = $2, ended_at = $3, receipt = NULL, session_id = NULL,
           lease_ends_at = NULL, stream_position = NULL WHERE pk = $4`,
        [state, reason, now, pk],
      ),
    markQueued: (pk: number, failures: number, delay: { ms: number; delayed: Delayed }, reason: string | null) =>
      db.run(
        `UPDATE delivery SET state = 'queued', failures = $1, ready_at = $2, delayed = $3, reason = $4, receipt = NULL,
           session_id = NULL, lease_ends_at = NULL, stream_position = NULL WHERE pk = $5`,
        [failures, delay.ms > 0 ? now + delay.ms : 0, delay.delayed, reason, pk],
      ),
    /** Keeps a delivery from streams and leases for a while. */
    keepBack: (pk: number, ms: number) => db.run(`UPDATE delivery SET ready_at = $1 WHERE pk = $2`, [now + ms, pk]),
    admit: (pk: number) => db.run(`UPDATE delivery SET state = 'queued' WHERE pk = $1 AND state = 'held'`, [pk]),
    setLeaseEnd: (pk: number, leaseMs: number) =>
      db.run(`UPDATE delivery SET lease_ends_at = $1 WHERE pk = $2`, [now + leaseMs, pk]),
    countPush: (pk: number) =>
      db.run(
        `INSERT INTO push AS p (delivery_pk, session_id, pushes)
           SELECT pk, session_id, 1 FROM delivery WHERE pk = $1 AND session_id IS NOT NULL
         ON CONFLICT (delivery_pk, session_id) DO UPDATE SET pushes = p.pushes + 1`,
        [pk],
      ),
    revive: (pk: number) =>
      db.run(
        `UPDATE delivery SET state = 'queued', failures = 0, ready_at = 0, reason = NULL, ended_at = NULL,
           dismissed_at = NULL, expires_at = $1 + (SELECT m.expires_at - m.accepted_at FROM message m WHERE m.pk = message_pk)
         WHERE pk = $2 AND state = 'dead'`,
        [now, pk],
      ),
    /** Takes a dead letter off the list; false when it was taken off before. */
    dismiss: async (pk: number): Promise<boolean> =>
      (await db.run(`UPDATE delivery SET dismissed_at = $1 WHERE pk = $2 AND dismissed_at IS NULL`, [now, pk])) === 1,
  };
}
