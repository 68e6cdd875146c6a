/** Leases that are taken together, and what is given to whoever takes them. */
import type { LeasedDelivery, Message } from "@agentmesh/protocol";
import type { LeasedRecord, LeaseTerms } from "../../../../mesh/store.ts";
import { leasedDelivery, newReceipt } from "../../../shared/leasing.ts";
import { type DeliveryRow, messageOf } from "../../../shared/rows/rows.ts";
import type { Engine } from "../../engine.ts";

/** What is found in an inbox to be leased. */
export interface Found {
  readonly pk: number;
  readonly bytes: number;
}

/** How a lease is made. */
export type Leasing = Pick<LeaseTerms, "session" | "leaseMs"> & { readonly isStreamed: boolean };

/** How many of these are within so many bytes. */
export function within(found: readonly Found[], bytes: number): number {
  let left = bytes;
  for (const [n, each] of found.entries()) {
    left -= each.bytes;
    if (left < 0) return n;
  }
  return found.length;
}

/** Leases what is queued of one inbox, in this order; what is damaged is passed over. */
export function leaseThese(engine: Engine, agentPk: number, found: readonly Found[], terms: Leasing): LeasedRecord[] {
  const { deliveries, timeline } = engine;
  const rows = deliveries.byPks(found.map(({ pk }) => pk)).map((row) => ({ row, message: messageOf(row) }));
  for (const { row, message } of rows) if (message.damaged) engine.damage.note(row.message_pk);
  const intact = rows.filter(({ message }) => !message.damaged);
  const [one, ...others] = intact;
  if (!one) return [];
  if (others.length === 0) {
    const { delivery, position } = leaseRow(engine, one.row, one.message, terms);
    return [{ delivery, streamPosition: position }];
  }
  const { session = null, leaseMs, isStreamed } = terms;
  const bytesOf = new Map(found.map(({ pk, bytes }) => [pk, bytes]));
  const first = timeline.noteAll(
    intact.map(({ row }) => ({ deliveryPk: row.pk, parties: row, event: "leased", attempt: row.attempt + 1, session })),
  );
  const leases = intact.map(({ row, message }, n) => ({ row, message, receipt: newReceipt(), position: first + n }));
  const endsAt = deliveries.many.lease(
    ...([agentPk, session, leaseMs] as const),
    leases.map(({ row: { pk }, receipt, position }) => ({
      ...{ pk, bytes: bytesOf.get(pk) ?? 0, receipt, position: isStreamed ? position : null },
    })),
  );
  return leases.map(({ row, message, receipt, position }) => ({
    delivery: leasedDelivery(row, { attempt: row.attempt + 1, receipt, endsAt }, message),
    streamPosition: position,
  }));
}

/** Leases what is queued, and notes it; `position` is where. */
export function leaseRow(
  { deliveries, timeline }: Engine,
  row: DeliveryRow,
  message: Message,
  { leaseMs: ms, isStreamed, ...terms }: Leasing,
): { readonly delivery: LeasedDelivery; readonly position: number } {
  const { pk } = row;
  const { session = null } = terms;
  const receipt = newReceipt();
  const attempt = row.attempt + 1;
  const position = timeline.note(pk, "leased", { attempt, session, parties: row });
  const lease = { receipt, session, ms, position: isStreamed ? position : null };
  const endsAt = deliveries.markLeased(pk, lease);
  return { delivery: leasedDelivery(row, { attempt, receipt, endsAt }, message), position };
}
