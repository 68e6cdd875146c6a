/** SQL of topics and subscriptions. */
import type { MessageId } from "@agentmesh/protocol";
import * as z from "zod";
import { type KeptRow, type KeptTerms, patternsOf, type RetainedRow, type UnderWay } from "../shared/topics.ts";
import type { EngineContext } from "./context.ts";

const Keys = z.array(z.int());

const RETAINED = `
  SELECT m.pk, m.id, m.topic, m.sender_pk, s.id AS sender_id, m.by_program, m.body_bytes, m.urgency, m.expires_at
  FROM message m JOIN agent s ON s.pk = m.sender_pk`;

/** The statements on topics. */
export function topicStatements({ db, now, happened }: EngineContext) {
  /** Whether somebody is subscribed to a pattern that begins so. */
  const begins = async (text: string): Promise<boolean> =>
    (
      await db.get<{ pattern: string }>(
        `SELECT pattern FROM subscription WHERE pattern >= $1 ORDER BY pattern LIMIT 1`,
        [text],
      )
    )?.pattern.startsWith(text) === true;

  const meant = async (topic: string): Promise<readonly string[]> => {
    const patterns = patternsOf(topic);
    for (let next = patterns.next(); ; next = patterns.next(await begins(next.value))) {
      if (next.done) return next.value;
    }
  };

  return {
    async subscribe(agentPk: number, pattern: string): Promise<boolean> {
      const made = await db.run(
        `INSERT INTO subscription (agent_pk, pattern, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
        [agentPk, pattern, now],
      );
      if (made === 1) await happened(agentPk, "topic.subscribed", { topic: pattern });
      return made === 1;
    },
    async unsubscribe(agentPk: number, pattern: string): Promise<boolean> {
      const removed = await db.run(`DELETE FROM subscription WHERE agent_pk = $1 AND pattern = $2`, [agentPk, pattern]);
      if (removed === 1) await happened(agentPk, "topic.unsubscribed", { topic: pattern });
      return removed === 1;
    },
    /** Patterns that mean a topic and that somebody may be subscribed to. */
    patternsOf: meant,
    /** Keys of the agents whose patterns mean a topic, each once, by name. */
    subscribedTo: async (topic: string): Promise<readonly number[]> =>
      (
        await db.all<{ agent_pk: number }>(
          `SELECT DISTINCT s.agent_pk FROM subscription s WHERE s.pattern = ANY ($1::TEXT[]) ORDER BY s.agent_pk`,
          [await meant(topic)],
        )
      ).map(({ agent_pk }) => agent_pk),
    /** A publish whose message is accepted, with those who have not got it; undefined when nobody is left. */
    async underWay(id: MessageId): Promise<UnderWay | undefined> {
      const row = await db.get<{ message_pk: number; rest: string; max_messages: number; max_bytes: number }>(
        `SELECT p.message_pk, p.rest, p.max_messages, p.max_bytes FROM publishing p JOIN message m ON m.pk = p.message_pk WHERE m.id = $1`,
        [id],
      );
      if (!row) return undefined;
      const { message_pk: pk, max_messages: maxMessages, max_bytes: maxBytes } = row;
      return { pk, rest: Keys.parse(JSON.parse(row.rest)), maxMessages, maxBytes };
    },
    allUnderWay: async (limit: number): Promise<MessageId[]> =>
      (
        await db.all<{ id: MessageId }>(
          `SELECT m.id FROM publishing p JOIN message m ON m.pk = p.message_pk ORDER BY p.message_pk LIMIT $1`,
          [limit],
        )
      ).map(({ id }) => id),
    keepUnderWay: ({ pk, rest, maxMessages, maxBytes }: UnderWay) =>
      db.run(
        `INSERT INTO publishing (message_pk, rest, max_messages, max_bytes) VALUES ($1, $2, $3, $4)
         ON CONFLICT (message_pk) DO UPDATE SET rest = excluded.rest`,
        [pk, JSON.stringify(rest), maxMessages, maxBytes],
      ),
    isWhole: (pk: number) => db.run(`DELETE FROM publishing WHERE message_pk = $1`, [pk]),
    removeAllOf: (agentPk: number) => db.run(`DELETE FROM subscription WHERE agent_pk = $1`, [agentPk]),
    since: async (agentPk: number, pattern: string): Promise<number | undefined> =>
      (
        await db.get<{ since: number }>(`SELECT since FROM subscription WHERE agent_pk = $1 AND pattern = $2`, [
          ...[agentPk, pattern],
        ])
      )?.since,
    /** The newest messages that a topic keeps, behind one. */
    retained: (topic: string, limit: number, after: number) =>
      db.all<RetainedRow>(
        `${RETAINED} WHERE m.topic = $1 AND m.pk > $2 AND m.expires_at > $3 AND m.recalled_at IS NULL
           AND m.damaged_at IS NULL
         ORDER BY m.pk DESC LIMIT $4`,
        [topic, after, now, limit],
      ),
    /** A message that its topic keeps. */
    retainedAt: (pk: number) =>
      db.get<RetainedRow>(
        `${RETAINED} WHERE m.pk = $1 AND m.topic IS NOT NULL AND m.expires_at > $2 AND m.recalled_at IS NULL
           AND m.damaged_at IS NULL`,
        [pk, now],
      ),
    /** The topic behind another one, in the order of their names. */
    topicBehind: async (topic: string): Promise<string | undefined> =>
      (await db.get<{ topic: string }>(`SELECT topic FROM message WHERE topic > $1 ORDER BY topic LIMIT 1`, [topic]))
        ?.topic,
    /** The newest message behind the newest `keep` of a topic; 0, which none is, when there are no more. */
    behindNewest: async (topic: string, keep: number): Promise<number> =>
      (
        await db.get<{ pk: number }>(`SELECT pk FROM message WHERE topic = $1 ORDER BY pk DESC LIMIT 1 OFFSET $2`, [
          ...[topic, keep],
        ])
      )?.pk ?? 0,
    /** Messages of a topic behind one of them, and whether something needs them still: a delivery, or a key that a retry could come under. */
    keptBehind: ({ topic, after, limit }: KeptTerms) =>
      db.all<KeptRow & { sender_pk: number }>(
        `SELECT m.pk, m.sender_pk, m.expires_at, (EXISTS (SELECT 1 FROM delivery d WHERE d.message_pk = m.pk)
             OR EXISTS (SELECT 1 FROM idempotency i WHERE i.message_pk = m.pk)
             OR EXISTS (SELECT 1 FROM publishing p WHERE p.message_pk = m.pk))::INTEGER AS needed
         FROM message m WHERE m.topic = $1 AND m.pk > $2 ORDER BY m.pk LIMIT $3`,
        [topic, after, limit],
      ),
    isOver: ({ expires_at }: KeptRow): boolean => expires_at <= now,
    drop: (pk: number) => db.run(`DELETE FROM message WHERE pk = $1`, [pk]),
  };
}
