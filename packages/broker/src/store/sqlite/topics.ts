/** SQL of topics and subscriptions. */
import type { AgentId, MessageId } from "@agentmesh/protocol";
import * as z from "zod";
import { type KeptRow, type KeptTerms, patternsOf, type RetainedRow, type UnderWay } from "../shared/topics.ts";
import type { EngineContext } from "./context.ts";

/** Messages of a topic, and whether something needs them still: a delivery, or a key that a retry could come under. */
export const KEPT = `
  SELECT m.pk, m.expires_at, EXISTS (SELECT 1 FROM delivery d WHERE d.message_pk = m.pk)
      OR EXISTS (SELECT 1 FROM idempotency i WHERE i.message_pk = m.pk)
      OR EXISTS (SELECT 1 FROM publishing p WHERE p.message_pk = m.pk) AS needed
  FROM message m WHERE m.topic = :topic AND m.pk > :after ORDER BY m.pk LIMIT :limit`;

/** Who is subscribed to one of these patterns, as one list: in the order of the indexes that a publish writes into. */
export const SUBSCRIBED = `
  SELECT json_group_array(agent_pk) AS pks FROM
    (SELECT DISTINCT s.agent_pk FROM subscription s
     WHERE s.pattern IN (SELECT value FROM json_each(?)) ORDER BY s.agent_pk)`;

const Keys = z.array(z.int());

/** The statements on topics. */
export function topicStatements({ db, clock, happened }: EngineContext) {
  const insert = db.prepare<[number, string, number]>(
    `INSERT INTO subscription (agent_pk, pattern, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const remove = db.prepare<[string, string], { agent_pk: number }>(
    `DELETE FROM subscription WHERE agent_pk = (SELECT pk FROM agent WHERE id = ?) AND pattern = ? RETURNING agent_pk`,
  );
  const removeAllOf = db.prepare<[number]>(`DELETE FROM subscription WHERE agent_pk = ?`);
  const selectRetained = db.prepare<[{ topic: string; now: number; after: number; limit: number }], RetainedRow>(
    `SELECT m.pk, m.id, m.topic, m.sender_pk, s.id AS sender_id, m.by_program, m.body_bytes, m.urgency,
       m.expires_at
     FROM message m JOIN agent s ON s.pk = m.sender_pk
     WHERE m.topic = :topic AND m.pk > :after AND m.expires_at > :now AND m.recalled_at IS NULL AND m.damaged_at IS NULL
     ORDER BY m.pk DESC LIMIT :limit`,
  );
  const selectRetainedAt = db.prepare<[{ pk: number; now: number }], RetainedRow>(
    `SELECT m.pk, m.id, m.topic, m.sender_pk, s.id AS sender_id, m.by_program, m.body_bytes, m.urgency,
       m.expires_at
     FROM message m JOIN agent s ON s.pk = m.sender_pk
     WHERE m.pk = :pk AND m.topic IS NOT NULL AND m.expires_at > :now AND m.recalled_at IS NULL AND m.damaged_at IS NULL`,
  );
  const selectNextTopic = db.prepare<[string], { topic: string }>(
    `SELECT topic FROM message WHERE topic > ? ORDER BY topic LIMIT 1`,
  );
  const selectBehind = db.prepare<[string, number], { pk: number }>(
    `SELECT pk FROM message WHERE topic = ? ORDER BY pk DESC LIMIT 1 OFFSET ?`,
  );
  const selectKept = db.prepare<[KeptTerms], KeptRow>(KEPT);
  const selectFrom = db.prepare<[string], { pattern: string }>(
    `SELECT pattern FROM subscription WHERE pattern >= ? ORDER BY pattern LIMIT 1`,
  );
  const selectSubscribed = db.prepare<[string], { pks: string }>(SUBSCRIBED);
  const selectSince = db.prepare<[number, string], { since: number }>(
    `SELECT since FROM subscription WHERE agent_pk = ? AND pattern = ?`,
  );
  const putUnderWay = db.prepare<[number, string, number, number]>(
    `INSERT INTO publishing (message_pk, rest, max_messages, max_bytes) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET rest = excluded.rest`,
  );
  const selectUnderWay = db.prepare<
    [string],
    { message_pk: number; rest: string; max_messages: number; max_bytes: number }
  >(`SELECT p.* FROM publishing p JOIN message m ON m.pk = p.message_pk WHERE m.id = ?`);
  const selectAllUnderWay = db.prepare<[], { id: MessageId }>(
    `SELECT m.id FROM publishing p JOIN message m ON m.pk = p.message_pk ORDER BY p.message_pk`,
  );
  const dropUnderWay = db.prepare<[number]>(`DELETE FROM publishing WHERE message_pk = ?`);

  /** Whether somebody is subscribed to a pattern that begins so. */
  const begins = (text: string): boolean => selectFrom.get(text)?.pattern.startsWith(text) === true;

  const meant = (topic: string): readonly string[] => {
    const patterns = patternsOf(topic);
    for (let next = patterns.next(); ; next = patterns.next(begins(next.value))) if (next.done) return next.value;
  };

  const drop = db.prepare<[number]>(`DELETE FROM message WHERE pk = ?`);

  return {
    subscribe(agentPk: number, pattern: string): boolean {
      const isNew = insert.run(agentPk, pattern, clock.now()).changes === 1;
      if (isNew) happened(agentPk, "topic.subscribed", { topic: pattern });
      return isNew;
    },
    unsubscribe(agentId: AgentId, pattern: string): boolean {
      const removed = remove.get(agentId, pattern);
      if (removed) happened(removed.agent_pk, "topic.unsubscribed", { topic: pattern });
      return removed !== undefined;
    },
    /** Patterns that mean a topic and that somebody may be subscribed to. */
    patternsOf: meant,
    /** Keys of the agents whose patterns mean a topic, each once. */
    subscribedTo: (topic: string): readonly number[] =>
      Keys.parse(JSON.parse(selectSubscribed.get(JSON.stringify(meant(topic)))?.pks ?? "[]")),
    /** A publish whose message is accepted, with those who have not got it; undefined when nobody is left. */
    underWay(id: MessageId): UnderWay | undefined {
      const row = selectUnderWay.get(id);
      if (!row) return undefined;
      const { message_pk: pk, max_messages: maxMessages, max_bytes: maxBytes } = row;
      return { pk, rest: Keys.parse(JSON.parse(row.rest)), maxMessages, maxBytes };
    },
    allUnderWay: () => selectAllUnderWay.all().map(({ id }) => id),
    keepUnderWay: ({ pk, rest, maxMessages, maxBytes }: UnderWay) =>
      putUnderWay.run(pk, JSON.stringify(rest), maxMessages, maxBytes),
    isWhole: (pk: number) => dropUnderWay.run(pk),
    removeAllOf: (agentPk: number) => removeAllOf.run(agentPk),
    since: (agentPk: number, pattern: string): number | undefined => selectSince.get(agentPk, pattern)?.since,
    /** The newest messages that a topic keeps, behind one. */
    retained: (topic: string, limit: number, after: number) =>
      selectRetained.all({ topic, now: clock.now(), after, limit }),
    /** A message that its topic keeps. */
    retainedAt: (pk: number) => selectRetainedAt.get({ pk, now: clock.now() }),
    /** The topic behind another one, in the order of their names. */
    topicBehind: (topic: string): string | undefined => selectNextTopic.get(topic)?.topic,
    /** The newest message behind the newest `keep` of a topic; 0, which none is, when there are no more. */
    behindNewest: (topic: string, keep: number): number => selectBehind.get(topic, keep)?.pk ?? 0,
    /** Messages of a topic behind one of them. */
    keptBehind: (terms: KeptTerms) => selectKept.all(terms),
    isOver: ({ expires_at }: KeptRow): boolean => expires_at <= clock.now(),
    drop: (pk: number) => drop.run(pk),
  };
}
