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

type Inserted = [
  ...[id: string, messagePk: number, agentPk: number, seq: number, bytes: number, trust: TrustClass | null],
  ...[state: DeliveryState, attempt: number, urgency: number, rank: number, at: number, expiresAt: number],
  ...[receipt: string | null, session: SessionId | null, leaseEndsAt: number | null, position: number | null],
];

/** Puts a delivery into an inbox; returns its key and its number there. */
export function insertDelivery(db: Database) {
  // By position: names are looked up one by one at each run.
  const insert = db.prepare<Inserted, { pk: number }>(
    `INSERT INTO delivery (id, message_pk, agent_pk, seq, bytes, trust, state, attempt, urgency, rank, accepted_at, expires_at,
       receipt, session_id, lease_ends_at, stream_position)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING pk`,
  );
  const takeSeq = db.prepare<[number], { seq: number }>(
    `UPDATE agent SET next_seq = next_seq + 1 WHERE pk = ? RETURNING next_seq - 1 AS seq`,
  );
  return (row: NewDelivery): { pk: number; seq: number } => {
    const { id, messagePk, agentPk, bytes, trust = null, urgency, rank, at, expiresAt } = row;
    const seq = takeSeq.get(agentPk)?.seq ?? 0;
    const { receipt = null, session = null, endsAt = null, position = null } = row.lease ?? {};
    const [state, attempt] = row.lease ? (["leased", 1] as const) : ([row.state ?? "queued", 0] as const);
    const pk =
      insert.get(
        ...([id, messagePk, agentPk, seq, bytes, trust, state, attempt, urgency, rank, at, expiresAt] as const),
        ...([receipt, session, endsAt, position] as const),
      )?.pk ?? 0;
    return { pk, seq };
  };
}
