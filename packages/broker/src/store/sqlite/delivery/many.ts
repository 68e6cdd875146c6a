/** SQL of many deliveries of one inbox that are leased or acked at once. */
import type { AckEvidence, DeliveryId, DeliveryState } from "@agentmesh/protocol";
import type { Clock } from "../../../mesh/clock.ts";
import { OWN_DELIVERY } from "../../shared/columns.ts";
import type { OwnDeliveryRow } from "../../shared/rows/rows.ts";
import type { Database } from "../driver/database.ts";
import type { CountingStatements } from "./counting.ts";

/** Those of an agent with these ids, each found by its id: not among all that the agent ever got. */
export const OWN_THESE = `${OWN_DELIVERY} WHERE d.id IN (SELECT value FROM json_each(?)) AND +r.id = ?`;

/** A list of leases as JSON: key, receipt, and where it began in the timeline, of one that is streamed. */
export const LEASE_ALL = `
  UPDATE delivery SET state = 'leased', attempt = attempt + 1, receipt = l.receipt, session_id = :session,
    lease_ends_at = :endsAt, stream_position = l.position, reason = NULL
  FROM (SELECT value ->> 0 AS pk, value ->> 1 AS receipt, value ->> 2 AS position FROM json_each(:all)) l
  WHERE delivery.pk = l.pk AND delivery.state = 'queued'`;

/** A list of acks as JSON: key, and what showed it. */
export const ACK_ALL = `
  UPDATE delivery SET state = 'acked', reason = k.evidence, ended_at = :at, receipt = NULL, session_id = NULL,
    lease_ends_at = NULL, stream_position = NULL
  FROM (SELECT value ->> 0 AS pk, value ->> 1 AS evidence FROM json_each(:all)) k
  WHERE delivery.pk = k.pk AND delivery.state IN ('queued', 'leased')`;

/** A delivery that is leased with others. */
export interface NewLeaseOf {
  readonly pk: number;
  readonly bytes: number;
  readonly receipt: string;
  /** Where it began in the timeline, of one that is streamed. */
  readonly position: number | null;
}

/** A delivery that is acked with others. */
export interface NewAckOf {
  readonly pk: number;
  readonly bytes: number;
  /** Open: what has ended is not acked. */
  readonly from: DeliveryState;
  readonly evidence: AckEvidence;
}

const bytesOf = (all: readonly { readonly bytes: number }[]) => all.reduce((sum, { bytes }) => sum + bytes, 0);

/** The statements on many. */
export function manyStatements(db: Database, clock: Clock, counting: CountingStatements) {
  const selectOwn = db.prepare<[string, string], OwnDeliveryRow>(OWN_THESE);
  const lease = db.prepare<[{ session: string | null; endsAt: number; all: string }]>(LEASE_ALL);
  const ack = db.prepare<[{ at: number; all: string }]>(ACK_ALL);
  const each = (what: string, changes: number, count: number): void => {
    if (changes !== count) throw new Error(`of ${count} deliveries ${changes} were ${what}`);
  };
  return {
    /** Those of an agent, by their ids. */
    ownById: (agentId: string, ids: readonly DeliveryId[]): ReadonlyMap<string, OwnDeliveryRow> =>
      new Map(ids.length === 0 ? [] : selectOwn.all(JSON.stringify(ids), agentId).map((row) => [row.id, row])),
    /** Leases queued deliveries of one inbox; returns the end of the leases. */
    lease(agentPk: number, session: string | null, ms: number, all: readonly NewLeaseOf[]): number {
      const endsAt = clock.now() + ms;
      const rows = all.map(({ pk, receipt, position }) => [pk, receipt, position]);
      counting.byAct(() => {
        each("leased", lease.run({ session, endsAt, all: JSON.stringify(rows) }).changes, all.length);
      });
      counting.moved(agentPk, "queued", "leased", { count: all.length, bytes: bytesOf(all) });
      return endsAt;
    },
    /** Acks open deliveries of one inbox. */
    ack(agentPk: number, all: readonly NewAckOf[]): void {
      const rows = all.map(({ pk, evidence }) => [pk, evidence]);
      counting.byAct(() => {
        each("acked", ack.run({ at: clock.now(), all: JSON.stringify(rows) }).changes, all.length);
      });
      for (const from of ["queued", "leased"] as const) {
        const these = all.filter((one) => one.from === from);
        if (these.length > 0) counting.moved(agentPk, from, "acked", { count: these.length, bytes: bytesOf(these) });
      }
    },
  };
}
