/** SQL of messages and idempotency keys. */
import { type AgentId, MAX_NAMED_PER_PUBLISH, type MessageId } from "@agentmesh/protocol";
import { urgencyWeight } from "../../mesh/acceptance/urgency.ts";
import type { Skipped } from "../../mesh/store.ts";
import { MESSAGE } from "../shared/columns.ts";
import { bodyHash } from "../shared/rows/body.ts";
import type { ByProgram, EnvelopeRow, KeyRow, NewMessage } from "../shared/rows/messages.ts";
import { type MessageRow, skippedOf } from "../shared/rows/rows.ts";
import type { EngineContext } from "./context.ts";
import { MESH_PK } from "./migrations/0003-counts.ts";
import { wordStatements } from "./words.ts";

/** A message that was inserted. */
export interface StoredMessage {
  readonly pk: number;
  readonly acceptedAt: number;
  readonly expiresAt: number;
}

/** The statements on messages. */
export function messageStatements({ db, now, numbers }: EngineContext) {
  const words = wordStatements({ db });
  const skippedBy = async (where: string, value: string | number) =>
    skippedOf(
      (await db.get<{ skipped: string | null }>(`SELECT skipped FROM message WHERE ${where}`, [value]))?.skipped ??
        null,
    );

  return {
    /** Inserts a notice of the mesh itself. */
    async insertNotice(notice: {
      readonly id: MessageId;
      readonly kind: string;
      readonly threadId: string;
      readonly inReplyTo: MessageId;
      readonly body: string;
      readonly ttlMs: number;
    }): Promise<StoredMessage & { readonly bytes: number }> {
      const { id, kind, threadId, inReplyTo, body } = notice;
      const bytes = Buffer.byteLength(body);
      const stored = { pk: await numbers.next("message"), acceptedAt: now, expiresAt: now + notice.ttlMs };
      await db.run(
        `INSERT INTO message
           (pk, id, kind, sender_pk, thread_id, in_reply_to, body, body_bytes, body_hash, accepted_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
        [
          ...[stored.pk, id, kind, MESH_PK, threadId, inReplyTo, body, bytes, bodyHash(body)],
          ...[stored.acceptedAt, stored.expiresAt],
        ],
      );
      await words.put(stored.pk, body);
      return { ...stored, bytes };
    },
    async insert(message: NewMessage, senderPk: number): Promise<StoredMessage> {
      const stored = { pk: await numbers.next("message"), acceptedAt: now, expiresAt: now + message.ttlMs };
      const { id, topic = null, threadId, inReplyTo = null, hops = 0, body, bodyBytes } = message;
      const weight = urgencyWeight(message.urgency ?? "normal");
      await db.run(
        `INSERT INTO message (pk, id, sender_pk, topic, thread_id, in_reply_to, hops, urgency, by_program, body, body_bytes,
           body_hash, accepted_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
        [
          ...[stored.pk, id, senderPk, topic, threadId, inReplyTo, hops, weight, message.byProgram ? 1 : 0],
          ...[body, bodyBytes, bodyHash(body), stored.acceptedAt, stored.expiresAt],
        ],
      );
      await words.put(stored.pk, body);
      return stored;
    },
    /** Remembers which subscribers got no delivery, so that a repeated publish is answered as the first was. */
    async addSkipped(pk: number, more: readonly Skipped[]): Promise<void> {
      const { skipped, count } = await skippedBy("pk = $1", pk);
      const first = [...skipped, ...more].slice(0, MAX_NAMED_PER_PUBLISH);
      await db.run(`UPDATE message SET skipped = $1 WHERE pk = $2`, [
        JSON.stringify({ skipped: first, count: count + more.length }),
        pk,
      ]);
    },
    skipped: (id: MessageId) => skippedBy("id = $1", id),
    /** A cancelled message is kept from later subscribers. */
    recall: (id: MessageId, senderId: AgentId) =>
      db.run(`UPDATE message SET recalled_at = $1 WHERE id = $2 AND sender_pk = (SELECT pk FROM agent WHERE id = $3)`, [
        now,
        id,
        senderId,
      ]),
    /** Everything of a message, as a row without a delivery. */
    whole: (id: MessageId) => db.get<MessageRow>(`${MESSAGE} WHERE m.id = $1`, [id]),
    wholeByPk: (pk: number) => db.get<MessageRow & ByProgram>(`${MESSAGE} WHERE m.pk = $1`, [pk]),
    bodiesAfter: (pk: number, limit: number) =>
      db.all<{ pk: number; body: string; body_hash: string }>(
        `SELECT pk, body, body_hash FROM message WHERE pk > $1 ORDER BY pk LIMIT $2`,
        [pk, limit],
      ),
    /** Notes that the body is not what was accepted; false when that was known. */
    markDamaged: async (id: MessageId): Promise<boolean> =>
      (await db.run(`UPDATE message SET damaged_at = $1 WHERE id = $2 AND damaged_at IS NULL`, [now, id])) === 1,
    /** Whether a person has written into its thread since. */
    personSince: async (id: MessageId): Promise<boolean> =>
      (await db.get(
        `SELECT later.pk FROM message m JOIN message later ON later.thread_id = m.thread_id AND later.pk > m.pk
         JOIN agent s ON s.pk = later.sender_pk
         WHERE m.id = $1 AND s.person = 1 AND later.by_program = 0 LIMIT 1`,
        [id],
      )) !== undefined,
    envelope: (id: string) =>
      db.get<EnvelopeRow>(
        `SELECT m.id, m.thread_id, m.hops, s.id AS sender_id, s.name AS sender_name
         FROM message m JOIN agent s ON s.pk = m.sender_pk WHERE m.id = $1`,
        [id],
      ),
    keyInUse: (senderPk: number, key: string) =>
      db.get<KeyRow>(
        `SELECT i.content_hash, m.id AS message_id FROM idempotency i JOIN message m ON m.pk = i.message_pk
         WHERE i.sender_pk = $1 AND i.key = $2 AND i.expires_at > $3`,
        [senderPk, key, now],
      ),
    putKey: (senderPk: number, key: string, contentHash: string, messagePk: number, windowMs: number) =>
      db.run(
        `INSERT INTO idempotency (sender_pk, key, content_hash, message_pk, expires_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (sender_pk, key) DO UPDATE SET
           content_hash = excluded.content_hash, message_pk = excluded.message_pk, expires_at = excluded.expires_at`,
        [senderPk, key, contentHash, messagePk, now + windowMs],
      ),
    /** Forgets keys that are past their window; returns how many. */
    dropOldKeys: (limit: number): Promise<number> =>
      db.run(
        `DELETE FROM idempotency WHERE (sender_pk, key) IN
           (SELECT sender_pk, key FROM idempotency WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`,
        [now, limit],
      ),
    /** What ended so long ago, and whose keeping and inbox change when it is deleted. */
    ended: (retentionMs: number, limit: number) =>
      db.all<{ pk: number; agent_pk: number; sender_pk: number }>(
        `SELECT d.pk, d.agent_pk, m.sender_pk FROM delivery d JOIN message m ON m.pk = d.message_pk
         WHERE d.ended_at IS NOT NULL AND d.ended_at <= $1
           AND NOT EXISTS (SELECT 1 FROM ask k WHERE k.message_pk = d.message_pk AND k.closed_at IS NULL)
         ORDER BY d.ended_at LIMIT $2`,
        [now - retentionMs, limit],
      ),
    /** Deletes an ended delivery, and its message when it was the last. */
    async drop(deliveryPk: number): Promise<void> {
      const dropped = await db.get<{ message_pk: number }>(
        `DELETE FROM delivery WHERE pk = $1 AND ended_at IS NOT NULL RETURNING message_pk`,
        [deliveryPk],
      );
      if (!dropped) return;
      await db.run(
        `DELETE FROM message WHERE pk = $1 AND topic IS NULL
           AND NOT EXISTS (SELECT 1 FROM delivery WHERE message_pk = $1)`,
        [dropped.message_pk],
      );
    },
  };
}
