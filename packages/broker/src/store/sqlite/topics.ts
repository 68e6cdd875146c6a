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
  const selectOld = db.prepare<[number, number, number], { pk: number }>(
    `SELECT m.pk FROM message m
     WHERE m.topic IS NOT NULL AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message_pk = m.pk)
       AND NOT EXISTS (SELECT 1 FROM idempotency i WHERE i.message_pk = m.pk)
       AND (m.expires_at <= ? OR (SELECT COUNT(*) FROM message n WHERE n.topic = m.topic AND n.pk > m.pk) >= ?)
     LIMIT ?`,
  );
  const drop = db.prepare<[number]>(`DELETE FROM message WHERE pk = ?`);

  return {
    subscribe: (agentPk: number, pattern: string): boolean => insert.run(agentPk, pattern, clock.now()).changes === 1,
    unsubscribe: (agentId: AgentId, pattern: string): boolean => remove.run(agentId, pattern).changes === 1,
    removeAllOf: (agentPk: number) => removeAllOf.run(agentPk),
    subscriptions: (owner: AgentId | undefined) => (owner === undefined ? selectAll.all() : selectOf.all(owner)),
    topics: (limit: number) => selectTopics.all(limit),
    retained: (topic: string, limit: number) => selectRetained.all(topic, clock.now(), limit),
    /** Deletes published messages without deliveries, and without a key that a retry could come under, that are past their life or behind the newest `keep` of their topic. */
    prune(keep: number, limit: number): void {
      for (const { pk } of selectOld.all(clock.now(), keep, limit)) drop.run(pk);
    },
  };
}
