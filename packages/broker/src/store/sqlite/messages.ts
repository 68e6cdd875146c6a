/** SQL of messages and idempotency keys. */
import { type AgentId, MAX_NAMED_PER_PUBLISH, type MessageId } from "@agentmesh/protocol";
import { urgencyWeight } from "../../mesh/acceptance/urgency.ts";
import type { Skipped } from "../../mesh/store.ts";
import { MESSAGE } from "../shared/columns.ts";
import { bodyHash } from "../shared/rows/body.ts";
import {
  type ByProgram,
  type EnvelopeRow,
  type KeyRow,
  MESH_AGENT_ID,
  type NewMessage,
} from "../shared/rows/messages.ts";
import { type MessageRow, skippedOf } from "../shared/rows/rows.ts";
import type { EngineContext } from "./context.ts";

/** The statements on messages. */
export function messageStatements({ db, clock, worded }: EngineContext) {
  const insert = db.prepare<
    [
      string,
      number,
      string | null,
      string,
      string | null,
      number,
      number,
      0 | 1,
      string,
      number,
      string,
      number,
      number,
    ],
    { pk: number }
  >(
    `INSERT INTO message
       (id, sender_pk, topic, thread_id, in_reply_to, hops, urgency, by_program, body, body_bytes, body_hash, accepted_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING pk`,
  );
  const insertNotice = db.prepare<
    [string, string, number, string, string, string, number, string, number, number],
    { pk: number }
  >(
    `INSERT INTO message
       (id, kind, sender_pk, thread_id, in_reply_to, body, body_bytes, body_hash, accepted_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING pk`,
  );
  // The mesh as a sender: kept as a removed agent, so that nobody lists it, writes to it, or is it.
  const insertMesh = db.prepare<[string]>(
    `INSERT INTO agent (id, name, token_hash, profile, registered_at, removed_at)
     VALUES (?, 'mesh', 'nobody', '{}', 0, 0) ON CONFLICT DO NOTHING`,
  );
  const selectMesh = db.prepare<[string], { pk: number }>(`SELECT pk FROM agent WHERE id = ?`);
  const selectEnvelope = db.prepare<[string], EnvelopeRow>(
    `SELECT m.id, m.thread_id, m.hops, s.id AS sender_id, s.name AS sender_name
     FROM message m JOIN agent s ON s.pk = m.sender_pk WHERE m.id = ?`,
  );
  const selectLater = db.prepare<[string], { pk: number }>(
    `SELECT later.pk FROM message m JOIN message later ON later.thread_id = m.thread_id AND later.pk > m.pk
     JOIN agent s ON s.pk = later.sender_pk
     WHERE m.id = ? AND s.person = 1 AND later.by_program = 0 LIMIT 1`,
  );
  const setSkipped = db.prepare<[string, number]>(`UPDATE message SET skipped = ? WHERE pk = ?`);
  const selectSkipped = db.prepare<[string], { skipped: string | null }>(`SELECT skipped FROM message WHERE id = ?`);
  const selectSkippedByPk = db.prepare<[number], { skipped: string | null }>(
    `SELECT skipped FROM message WHERE pk = ?`,
  );
  const recall = db.prepare<[number, string, string]>(
    `UPDATE message SET recalled_at = ? WHERE id = ? AND sender_pk = (SELECT pk FROM agent WHERE id = ?)`,
  );
  const selectWholeByPk = db.prepare<[number], MessageRow & ByProgram>(`${MESSAGE} WHERE m.pk = ?`);
  const selectBodies = db.prepare<[number, number], { pk: number; body: string; body_hash: string }>(
    `SELECT pk, body, body_hash FROM message WHERE pk > ? ORDER BY pk LIMIT ?`,
  );
  const markDamaged = db.prepare<[number, string]>(
    `UPDATE message SET damaged_at = ? WHERE id = ? AND damaged_at IS NULL`,
  );
  const selectWhole = db.prepare<[string], MessageRow>(`${MESSAGE} WHERE m.id = ?`);
  const selectKey = db.prepare<[number, string, number], KeyRow>(
    `SELECT i.content_hash, m.id AS message_id FROM idempotency i JOIN message m ON m.pk = i.message_pk
     WHERE i.sender_pk = ? AND i.key = ? AND i.expires_at > ?`,
  );
  const putKey = db.prepare<[number, string, string, number, number]>(
    `INSERT INTO idempotency (sender_pk, key, content_hash, message_pk, expires_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (sender_pk, key) DO UPDATE SET
       content_hash = excluded.content_hash, message_pk = excluded.message_pk, expires_at = excluded.expires_at`,
  );
  const dropKeys = db.prepare<[number, number]>(
    `DELETE FROM idempotency WHERE (sender_pk, key) IN
       (SELECT sender_pk, key FROM idempotency WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
  );
  const selectEnded = db.prepare<[number, number], { pk: number }>(
    `SELECT d.pk FROM delivery d WHERE d.ended_at IS NOT NULL AND d.ended_at <= ?
       AND NOT EXISTS (SELECT 1 FROM ask k WHERE k.message_pk = d.message_pk AND k.closed_at IS NULL)
     ORDER BY d.ended_at LIMIT ?`,
  );
  const dropDelivery = db.prepare<[number], { message_pk: number }>(
    `DELETE FROM delivery WHERE pk = ? RETURNING message_pk`,
  );
  const dropMessage = db.prepare<[number, number]>(
    `DELETE FROM message WHERE pk = ? AND topic IS NULL AND NOT EXISTS (SELECT 1 FROM delivery WHERE message_pk = ?)`,
  );

  return {
    /** Inserts a notice of the mesh itself. */
    insertNotice(notice: {
      id: MessageId;
      kind: string;
      threadId: string;
      inReplyTo: MessageId;
      body: string;
      ttlMs: number;
    }) {
      const at = clock.now();
      const bytes = Buffer.byteLength(notice.body);
      const { id, kind, threadId, inReplyTo, body, ttlMs } = notice;
      worded();
      insertMesh.run(MESH_AGENT_ID);
      const senderPk = selectMesh.get(MESH_AGENT_ID)?.pk ?? 0;
      const pk =
        insertNotice.get(id, kind, senderPk, threadId, inReplyTo, body, bytes, bodyHash(body), at, at + ttlMs)?.pk ?? 0;
      return { pk, bytes, at, expiresAt: at + ttlMs };
    },
    insert(message: NewMessage, senderPk: number): { pk: number; acceptedAt: number; expiresAt: number } {
      worded();
      const acceptedAt = clock.now();
      const expiresAt = acceptedAt + message.ttlMs;
      const { id, topic = null, threadId, inReplyTo = null, hops = 0, body, bodyBytes } = message;
      const weight = urgencyWeight(message.urgency ?? "normal");
      const hash = bodyHash(body);
      const by = message.byProgram ? 1 : 0;
      const times = [acceptedAt, expiresAt] as const;
      const pk =
        insert.get(id, senderPk, topic, threadId, inReplyTo, hops, weight, by, body, bodyBytes, hash, ...times)?.pk ??
        0;
      return { pk, acceptedAt, expiresAt };
    },
    /** Remembers which subscribers got no delivery, so that a repeated publish is answered as the first was. */
    addSkipped(pk: number, more: readonly Skipped[]): void {
      const { skipped, count } = skippedOf(selectSkippedByPk.get(pk)?.skipped ?? null);
      const first = [...skipped, ...more].slice(0, MAX_NAMED_PER_PUBLISH);
      setSkipped.run(JSON.stringify({ skipped: first, count: count + more.length }), pk);
    },
    skipped: (id: MessageId) => skippedOf(selectSkipped.get(id)?.skipped ?? null),
    /** A cancelled message is kept from later subscribers. */
    recall: (id: MessageId, senderId: AgentId) => recall.run(clock.now(), id, senderId),
    /** Everything of a message, as a row without a delivery. */
    whole: (id: MessageId) => selectWhole.get(id),
    wholeByPk: (pk: number) => selectWholeByPk.get(pk),
    bodiesAfter: (pk: number, limit: number) => selectBodies.all(pk, limit),
    /** Notes that the body is not what was accepted; false when that was known. */
    markDamaged: (id: MessageId): boolean => markDamaged.run(clock.now(), id).changes === 1,
    /** Whether a person has written into its thread since. */
    personSince: (id: MessageId) => selectLater.get(id) !== undefined,
    envelope: (id: string) => selectEnvelope.get(id),
    keyInUse: (senderPk: number, key: string) => selectKey.get(senderPk, key, clock.now()),
    putKey: (senderPk: number, key: string, contentHash: string, messagePk: number, windowMs: number) =>
      putKey.run(senderPk, key, contentHash, messagePk, clock.now() + windowMs),
    /** Forgets keys that are past their window; returns how many. */
    dropOldKeys: (limit: number): number => dropKeys.run(clock.now(), limit).changes,
    ended: (retentionMs: number, limit: number) => selectEnded.all(clock.now() - retentionMs, limit),
    /** Deletes an ended delivery, and its message when it was the last. */
    drop(deliveryPk: number): void {
      const messagePk = dropDelivery.get(deliveryPk)?.message_pk;
      if (messagePk !== undefined) dropMessage.run(messagePk, messagePk);
    },
  };
}
