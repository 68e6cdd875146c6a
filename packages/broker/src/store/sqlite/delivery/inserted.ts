/** SQL of a delivery as it is stored: queued, held, or leased for a stream that takes it as it comes. */
import type { DeliveryState, SessionId, TrustClass } from "@agentmesh/protocol";
import type { Database } from "../driver/database.ts";

/** A lease for a stream: its end in Unix milliseconds, and its position in the timeline. */
export interface NewLease {
  readonly receipt: string;
  readonly session: SessionId;
  readonly endsAt: number;
  readonly position: number;
}

/** A delivery to insert. */
export interface NewDelivery {
  readonly id: string;
  readonly messagePk: number;
  readonly agentPk: number;
  readonly bytes: number;
  /** Left out for a notice of the mesh. */
  readonly trust?: TrustClass;
  readonly state?: "queued" | "held";
  /** Where it is leased as it comes. */
  readonly lease?: NewLease | undefined;
  readonly urgency: number;
  readonly rank: number;
  readonly at: number;
  readonly expiresAt: number;
}

interface InsertedDelivery extends Omit<NewDelivery, "state" | "lease" | "trust"> {
  readonly trust: TrustClass | null;
  readonly seq: number;
  readonly state: DeliveryState;
  readonly attempt: number;
  readonly receipt: string | null;
  readonly session: SessionId | null;
  readonly leaseEndsAt: number | null;
  readonly position: number | null;
}

/** Puts a delivery into an inbox; returns its key and its number there. */
export function insertDelivery(db: Database) {
  const insert = db.prepare<[InsertedDelivery], { pk: number }>(
    `INSERT INTO delivery (id, message_pk, agent_pk, seq, bytes, trust, state, attempt, urgency, rank, accepted_at, expires_at,
       receipt, session_id, lease_ends_at, stream_position)
     VALUES (:id, :messagePk, :agentPk, :seq, :bytes, :trust, :state, :attempt, :urgency, :rank, :at, :expiresAt,
       :receipt, :session, :leaseEndsAt, :position) RETURNING pk`,
  );
  const takeSeq = db.prepare<[number], { seq: number }>(
    `UPDATE agent SET next_seq = next_seq + 1 WHERE pk = ? RETURNING next_seq - 1 AS seq`,
  );
  return ({ state = "queued", lease, trust, ...row }: NewDelivery): { pk: number; seq: number } => {
    const seq = takeSeq.get(row.agentPk)?.seq ?? 0;
    const { receipt = null, session = null, endsAt = null, position = null } = lease ?? {};
    const leased = { receipt, session, leaseEndsAt: endsAt, position };
    const pk =
      insert.get({
        ...row,
        ...leased,
        trust: trust ?? null,
        state: lease ? "leased" : state,
        attempt: lease ? 1 : 0,
        seq,
      })?.pk ?? 0;
    return { pk, seq };
  };
}
