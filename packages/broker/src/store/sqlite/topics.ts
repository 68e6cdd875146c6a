/** SQL of topics and subscriptions. */
import type { AgentId, MessageId, Trust } from "@agentmesh/protocol";
import type { EngineContext } from "./context.ts";

/** A subscription with its agent. */
export interface SubscriptionRow {
  readonly agent_pk: number;
  readonly agent_id: AgentId;
  readonly agent_name: string;
  readonly archived_at: number | null;
  readonly pattern: string;
  readonly since: number;
}

/** A published message that is kept for later subscribers. */
export interface RetainedRow {
  readonly pk: number;
  readonly id: MessageId;
  readonly topic: string;
  readonly sender_pk: number;
  readonly sender_id: AgentId;
  readonly sender_trust: Trust;
  readonly body_bytes: number;
  readonly urgency: number;
  readonly expires_at: number;
}

const SUBSCRIPTION = `
  SELECT s.agent_pk, a.id AS agent_id, a.name AS agent_name, a.archived_at, s.pattern, s.since
  FROM subscription s JOIN agent a ON a.pk = s.agent_pk`;

/** Messages of a topic, and whether something needs them still: a delivery, or a key that a retry could come under. */
export const KEPT = `
  SELECT m.pk, m.expires_at, EXISTS (SELECT 1 FROM delivery d WHERE d.message_pk = m.pk)
      OR EXISTS (SELECT 1 FROM idempotency i WHERE i.message_pk = m.pk) AS needed
  FROM message m WHERE m.topic = :topic AND m.pk > :after ORDER BY m.pk LIMIT :limit`;

/** Which of them. */
export interface KeptTerms {
  readonly topic: string;
  readonly after: number;
  readonly limit: number;
}

/** A message that a topic keeps. */
export interface KeptRow {
  readonly pk: number;
  readonly expires_at: number;
  readonly needed: 0 | 1;
}

/** The statements on topics. */
export function topicStatements({ db, clock }: EngineContext) {
  const insert = db.prepare<[number, string, number]>(
    `INSERT INTO subscription (agent_pk, pattern, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const remove = db.prepare<[string, string]>(
    `DELETE FROM subscription WHERE agent_pk = (SELECT pk FROM agent WHERE id = ?) AND pattern = ?`,
  );
  const removeAllOf = db.prepare<[number]>(`DELETE FROM subscription WHERE agent_pk = ?`);
  const selectAll = db.prepare<[], SubscriptionRow>(`${SUBSCRIPTION} ORDER BY a.name, s.pattern`);
  const selectOf = db.prepare<[string], SubscriptionRow>(`${SUBSCRIPTION} WHERE a.id = ? ORDER BY s.pattern`);
  const selectTopics = db.prepare<[number], { topic: string; messages: number; last: number }>(
    `SELECT topic, COUNT(*) AS messages, MAX(accepted_at) AS last FROM message WHERE topic IS NOT NULL
     GROUP BY topic ORDER BY topic LIMIT ?`,
  );
  const selectRetained = db.prepare<[string, number, number], RetainedRow>(
    `SELECT m.pk, m.id, m.topic, m.sender_pk, s.id AS sender_id, s.trust AS sender_trust, m.body_bytes, m.urgency,
       m.expires_at
     FROM message m JOIN agent s ON s.pk = m.sender_pk
     WHERE m.topic = ? AND m.expires_at > ? AND m.recalled_at IS NULL AND m.damaged_at IS NULL
     ORDER BY m.pk DESC LIMIT ?`,
  );
  const selectNextTopic = db.prepare<[string], { topic: string }>(
    `SELECT topic FROM message WHERE topic > ? ORDER BY topic LIMIT 1`,
  );
  const selectBehind = db.prepare<[string, number], { pk: number }>(
    `SELECT pk FROM message WHERE topic = ? ORDER BY pk DESC LIMIT 1 OFFSET ?`,
  );
  const selectKept = db.prepare<[KeptTerms], KeptRow>(KEPT);
  const drop = db.prepare<[number]>(`DELETE FROM message WHERE pk = ?`);

  return {
    subscribe: (agentPk: number, pattern: string): boolean => insert.run(agentPk, pattern, clock.now()).changes === 1,
    unsubscribe: (agentId: AgentId, pattern: string): boolean => remove.run(agentId, pattern).changes === 1,
    removeAllOf: (agentPk: number) => removeAllOf.run(agentPk),
    subscriptions: (owner: AgentId | undefined) => (owner === undefined ? selectAll.all() : selectOf.all(owner)),
    topics: (limit: number) => selectTopics.all(limit),
    retained: (topic: string, limit: number) => selectRetained.all(topic, clock.now(), limit),
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
