/** SQL of deliveries that are found by what they are: leasable, over, dead, a page of an inbox. */
import type { AgentId } from "@agentmesh/protocol";
import { DELIVERY } from "../../shared/columns.ts";
import type {
  DeadTerms,
  DueRow,
  DueTerms,
  InboxTerms,
  LeasableTerms,
  LeaseRow,
  StreamedTerms,
} from "../../shared/rows/deliveries.ts";
import type { DeliveryRow } from "../../shared/rows/rows.ts";
import type { EngineContext } from "../context.ts";

/** A delivery with whose inbox it is in, and who sent its message: who is locked before it is touched. */
export interface FoundDelivery {
  readonly pk: number;
  readonly agent_pk: number;
  readonly sender_pk: number;
}

/** Agents of a lease, to be locked before it is given back. */
export type FoundLease = LeaseRow & FoundDelivery;

const WHICH = {
  open: "d.state IN ('queued', 'leased')",
  held: "d.state = 'held'",
  all: "TRUE",
} as const;

const FOUND = `SELECT d.pk, d.agent_pk, m.sender_pk FROM delivery d JOIN message m ON m.pk = d.message_pk`;

/** A lease with its agents. */
const FOUND_LEASE = `
  SELECT d.pk, d.agent_pk, m.sender_pk, d.attempt, d.failures,
    EXISTS (SELECT 1 FROM push p WHERE p.delivery_pk = d.pk AND p.session_id = d.session_id)::INTEGER AS pushed,
    d.stream_position, a.id AS agent_id, d.session_id, d.expires_at
  FROM delivery d JOIN message m ON m.pk = d.message_pk JOIN agent a ON a.pk = d.agent_pk`;

/** The statements. */
export function deliveryPageStatements({ db, now }: EngineContext) {
  return {
    /** A page of an inbox, from either end. */
    inbox: (which: keyof typeof WHICH, order: "oldest" | "newest", { agent, after, before, limit }: InboxTerms) =>
      db.all<DeliveryRow>(
        `${DELIVERY} WHERE d.agent_pk = $1 AND ${WHICH[which]} AND d.seq > $2 AND d.seq < $3
         ORDER BY d.seq ${order === "oldest" ? "" : "DESC"} LIMIT $4`,
        [agent, after, before, limit],
      ),
    /** What may be leased, interrupts first and notices of the mesh last, each by number. */
    leasable: ({ agent, session, maxPushes, leastUrgency, webhook, max }: LeasableTerms) =>
      db.all<{ pk: number; bytes: number }>(
        `SELECT d.pk, d.bytes FROM delivery d
         WHERE d.agent_pk = $1 AND d.state = 'queued' AND d.expires_at > $2
           AND (d.ready_at <= $2 OR (d.delayed = 'webhook' AND $3 = 0))
           AND d.urgency >= $4
           AND NOT EXISTS (SELECT 1 FROM push p
                           WHERE p.delivery_pk = d.pk AND p.session_id = $5::TEXT AND p.pushes >= $6::BIGINT)
         ORDER BY d.rank, d.seq LIMIT $7`,
        [agent, now, webhook, leastUrgency, session, maxPushes, max],
      ),
    /** Leases that are over, the first first. */
    overdue: (limit: number) =>
      db.all<FoundLease>(
        `${FOUND_LEASE} WHERE d.state = 'leased' AND d.lease_ends_at <= $1 ORDER BY d.lease_ends_at, d.pk LIMIT $2`,
        [now, limit],
      ),
    /** What sessions hold, in the order of acceptance. */
    leasedBy: (sessions: readonly string[], limit: number) =>
      db.all<FoundLease>(
        `${FOUND_LEASE} WHERE d.session_id = ANY ($1::TEXT[]) AND d.state = 'leased' ORDER BY d.pk LIMIT $2`,
        [sessions, limit],
      ),
    /** What was streamed to sessions, in the order of acceptance. */
    streamedTo: (sessions: readonly string[], limit: number) =>
      db.all<FoundLease>(
        `${FOUND_LEASE} WHERE d.session_id = ANY ($1::TEXT[]) AND d.state = 'leased' AND d.stream_position IS NOT NULL
         ORDER BY d.pk LIMIT $2`,
        [sessions, limit],
      ),
    /** Whatever is leased, by whomever. */
    allLeased: (limit: number) =>
      db.all<FoundLease>(`${FOUND_LEASE} WHERE d.state = 'leased' ORDER BY d.pk LIMIT $1`, [limit]),
    /** What was streamed to a session between two positions. */
    streamed: ({ session, after, until, limit }: StreamedTerms) =>
      db.all<FoundLease>(
        `${FOUND_LEASE}
         WHERE d.session_id = $1 AND d.state = 'leased' AND d.stream_position > $2 AND d.stream_position <= $3
         ORDER BY d.stream_position LIMIT $4`,
        [session, after, until, limit],
      ),
    /** What is queued or held past its life. */
    expired: (limit: number) =>
      db.all<FoundDelivery>(
        `${FOUND} WHERE d.state IN ('queued', 'held') AND d.expires_at <= $1 ORDER BY d.expires_at, d.pk LIMIT $2`,
        [now, limit],
      ),
    /** What waits of a message, queued or held. */
    waitingOf: (message: number, limit: number) =>
      db.all<FoundDelivery>(
        `${FOUND} WHERE d.message_pk = $1 AND d.state IN ('queued', 'held') ORDER BY d.pk LIMIT $2`,
        [message, limit],
      ),
    /** Everything open in an inbox by number. */
    openOf: (agent: number, limit: number) =>
      db.all<FoundDelivery>(
        `${FOUND} WHERE d.agent_pk = $1 AND d.state IN ('queued', 'leased', 'held') ORDER BY d.seq LIMIT $2`,
        [agent, limit],
      ),
    /** Delays that end within a time, in that order, behind a place among them. */
    due: ({ after, agent, pk, until, limit }: DueTerms) =>
      db.all<DueRow>(
        `SELECT d.ready_at, d.agent_pk, d.pk, a.id AS agent_id FROM delivery d JOIN agent a ON a.pk = d.agent_pk
         WHERE d.state = 'queued' AND d.ready_at > 0 AND (d.ready_at, d.agent_pk, d.pk) > ($1, $2, $3) AND d.ready_at <= $4
         ORDER BY d.ready_at, d.agent_pk, d.pk LIMIT $5`,
        [after, agent, pk, until, limit],
      ),
    /** Dead letters before a place, the newest first, of all or of an agent, without their texts. */
    dead: (agent: number | undefined, { at, id, limit }: Omit<DeadTerms, "agent">) =>
      db.all<{ pk: number; bytes: number }>(
        `SELECT d.pk, d.bytes FROM delivery d
         WHERE d.state = 'dead' AND d.dismissed_at IS NULL AND ($1::BIGINT IS NULL OR d.agent_pk = $1)
           AND (d.ended_at, d.id) < ($2, $3)
         ORDER BY d.ended_at DESC, d.id DESC LIMIT $4`,
        [agent ?? null, at, id, limit],
      ),
    /** How much an inbox holds open. */
    inboxSize: async (agentPk: number): Promise<{ messages: number; bytes: number }> =>
      (await db.get<{ messages: number; bytes: number }>(
        `SELECT open_count AS messages, open_bytes AS bytes FROM agent WHERE pk = $1`,
        [agentPk],
      )) ?? { messages: 0, bytes: 0 },
    /** The agent of an inbox that a delivery is in, of any inbox. */
    partiesOf: (id: string) =>
      db.get<FoundDelivery & { recipient_id: AgentId }>(
        `SELECT d.pk, d.agent_pk, m.sender_pk, r.id AS recipient_id
         FROM delivery d JOIN message m ON m.pk = d.message_pk JOIN agent r ON r.pk = d.agent_pk WHERE d.id = $1`,
        [id],
      ),
  };
}
