/** SQL of many deliveries of one message that are stored at once: one statement for all of them, and one for their inboxes. */
import type { DeliveryId, DeliveryState, TrustClass } from "@agentmesh/protocol";
import type { Database } from "../driver/database.ts";
import type { CountingStatements } from "./counting.ts";
import type { NewLease } from "./inserted.ts";

/** What is the same for all of them. */
export interface OneMessage {
  readonly senderPk: number;
  readonly messagePk: number;
  readonly bytes: number;
  readonly urgency: number;
  readonly rank: number;
  readonly at: number;
  readonly expiresAt: number;
}

/** What differs. */
export interface OneOfMany {
  readonly id: DeliveryId;
  readonly agentPk: number;
  /** The next number of its inbox, which nothing else takes meanwhile. */
  readonly seq: number;
  readonly trust: TrustClass;
  readonly state: "queued" | "held";
  /** Where it is leased as it comes. */
  readonly lease?: NewLease | undefined;
}

const insertWith = (attempt: 0 | 1, lease: string) => `
  INSERT INTO delivery (message_pk, bytes, urgency, rank, accepted_at, expires_at, pk, id, agent_pk, seq, trust, state, attempt,
    receipt, session_id, lease_ends_at, stream_position)
  SELECT :messagePk, :bytes, :urgency, :rank, :at, :expiresAt,
    value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, :state, ${attempt}, ${lease}
  FROM json_each(:all)`;

/** A list of them as JSON, each a list in the order of its columns: what has no lease is inserted without looking for one. */
const INSERT = {
  waiting: insertWith(0, "NULL, NULL, NULL, NULL"),
  leased: insertWith(1, "value ->> 5, value ->> 6, value ->> 7, value ->> 8"),
};

/** Puts deliveries into inboxes, one into each; returns the key of the first, behind which the others' follow in their order. */
export function insertDeliveries(db: Database, counting: CountingStatements) {
  const prepare = (sql: string) =>
    db.prepare<[Omit<OneMessage, "senderPk"> & { readonly state: DeliveryState; readonly all: string }]>(sql);
  const waiting = prepare(INSERT.waiting);
  const leased = prepare(INSERT.leased);
  const selectLast = db.prepare<[], { pk: number | null }>(`SELECT MAX(pk) AS pk FROM delivery`);
  return (message: OneMessage, all: readonly OneOfMany[]): number => {
    const first = (selectLast.get()?.pk ?? 0) + 1;
    const rows: Record<"queued" | "held" | "leased", unknown[][]> = { queued: [], held: [], leased: [] };
    for (const [n, { id, agentPk, seq, trust, state, lease }] of all.entries()) {
      const row = [first + n, id, agentPk, seq, trust];
      if (lease) rows.leased.push([...row, lease.receipt, lease.session, lease.endsAt, lease.position]);
      else rows[state].push(row);
    }
    counting.byAct(() => {
      for (const state of ["queued", "held", "leased"] as const) {
        const insert = state === "leased" ? leased : waiting;
        if (rows[state].length > 0) insert.run({ ...message, state, all: JSON.stringify(rows[state]) });
      }
    });
    counting.inserted(
      message,
      all.map(({ agentPk, state, lease }) => ({ agentPk, state: lease ? "leased" : state })),
    );
    return first;
  };
}
