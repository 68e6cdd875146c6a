/** How things stand in a group of acts: as it found them behind its locks, and on with each act that is decided. */
import type { AgentId, DeliveryId, SessionId } from "@agentmesh/protocol";
import type { StreamLeaseTerms } from "../../../../mesh/store.ts";
import type { Count } from "../../../shared/quota.ts";
import type { OwnDeliveryRow } from "../../../shared/rows/rows.ts";
import type { SeenRow } from "../../agents.ts";
import type { AckAskedFor, LeaseAskedFor, SendAsked } from "../../commits/waiting.ts";
import type { Statements } from "../../driver/database.ts";
import { foundStatements, type HolderRow, type LeasableRow, type LockedRow } from "./found.ts";

/** An agent of the group. */
export interface Party {
  readonly row: LockedRow;
  readonly record: SeenRow | undefined;
  /** What its streams take now. */
  readonly offers: readonly StreamLeaseTerms[];
  open: Count;
  queued: number;
  held: number;
  oldestQueuedAt: number | null;
  nextSeq: number;
  kept: Count;
}

/** A session, with what it was streamed. */
export interface Holder {
  readonly row: HolderRow;
  streamed: number;
}

/** All of it. */
export interface Standing {
  readonly parties: ReadonlyMap<AgentId, Party>;
  readonly holders: ReadonlyMap<string, Holder>;
  readonly deliveries: ReadonlyMap<string, OwnDeliveryRow>;
  /** What each lease may have, by its place among those asked for. */
  readonly leasable: ReadonlyMap<number, readonly LeasableRow[]>;
  readonly isUsed: (sender: AgentId, key: string, now: number) => boolean;
  /** Keys for the deliveries to come, of each message asked for one. */
  readonly newKeys: readonly number[];
  kept: Count;
}

const NOTHING: Count = { messages: 0, bytes: 0 };
const isId = (ref: string): ref is DeliveryId => ref.startsWith("dlv_");

/** Locks the agents and asks for the rest, in one go. */
export async function standing(
  db: Statements,
  asked: {
    readonly agents: readonly AgentId[];
    readonly sends: readonly SendAsked[];
    readonly acks: readonly AckAskedFor[];
    readonly leases: readonly LeaseAskedFor[];
  },
  offersOf: (agentId: AgentId) => readonly StreamLeaseTerms[],
): Promise<Standing> {
  const found = foundStatements(db);
  const { agents, sends, acks, leases } = asked;
  const recipients = [...new Set(sends.map(({ message }) => message.recipientId))];
  const senders = [...new Set(sends.map(({ message }) => message.senderId))];
  const keyed = sends.flatMap(({ message: { senderId, idempotency } }) =>
    idempotency ? [{ senderId, key: idempotency.key }] : [],
  );
  const isKeeping = sends.some(({ quota }) => quota.keeping !== undefined);
  const offers = new Map(recipients.map((id) => [id, offersOf(id)]));
  const sessions = [...offers.values()].flat().map(({ session }): SessionId => session);
  for (const { terms } of leases) if (terms.session !== undefined) sessions.push(terms.session);
  const owners = acks.map(({ agentId }) => agentId);
  const acked = acks.map(({ ref }) => ref).filter(isId);
  const [locked, records, newKeys, used, kept, all, deliveries, leasable, holders] = await Promise.all([
    found.lock(agents),
    recipients.length > 0 ? found.records(recipients) : [],
    sends.length > 0 ? found.newKeys(sends.length) : [],
    keyed.length > 0
      ? found.usedKeys(
          keyed.map(({ senderId }) => senderId),
          keyed.map(({ key }) => key),
        )
      : [],
    isKeeping ? found.kept(senders) : [],
    isKeeping ? found.keptOfAll() : [],
    acked.length > 0 ? found.deliveries(acked) : [],
    leases.length > 0 ? found.leasable(leases.map(({ terms }) => terms)) : [],
    sessions.length + acked.length > 0 ? found.holders(sessions, acked, owners) : [],
  ]);
  const recordOf = new Map(records.map((row) => [row.id, row]));
  const keptOf = new Map(kept.map(({ agent_pk, messages, bytes }) => [agent_pk, { messages, bytes }]));
  const untilOf = new Map(used.map(({ sender_id, key, expires_at }) => [`${sender_id} ${key}`, expires_at]));
  return {
    parties: new Map(
      locked.map((row) => [
        row.id,
        {
          ...{ row, record: recordOf.get(row.id), offers: offers.get(row.id) ?? [] },
          ...{
            open: { messages: row.open_count, bytes: row.open_bytes },
            queued: row.queued_count,
            held: row.held_count,
          },
          oldestQueuedAt: recordOf.get(row.id)?.oldest_queued_at ?? null,
          ...{ nextSeq: row.next_seq, kept: keptOf.get(row.pk) ?? NOTHING },
        },
      ]),
    ),
    holders: new Map(holders.map((row) => [row.id, { row, streamed: row.streamed }])),
    deliveries: new Map(deliveries.map((row) => [row.id, row])),
    leasable: Map.groupBy(leasable, ({ n }) => n - 1),
    isUsed: (sender, key, now) => (untilOf.get(`${sender} ${key}`) ?? 0) > now,
    newKeys,
    kept: all[0] ?? NOTHING,
  };
}
