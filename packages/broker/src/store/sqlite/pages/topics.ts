/** SQL of looks at topics: page by page, and how many listen. */
import type { AgentId } from "@agentmesh/protocol";
import type { SubscriptionRow } from "../../shared/rows/rows.ts";
import type { RecentTopicRow, TopicRow } from "../../shared/rows/topics.ts";
import type { EngineContext } from "../context.ts";

const SUBSCRIPTION = `
  SELECT s.agent_pk, a.id AS agent_id, a.name AS agent_name, a.archived_at, s.pattern, s.since
  FROM subscription s CROSS JOIN agent a ON a.pk = s.agent_pk`;

/** The statements, each along an index and with an end. */
export const TOPICS = {
  page: `SELECT t.name, t.messages, m.accepted_at AS last FROM topic t CROSS JOIN message m ON m.pk = t.newest
    WHERE t.name > :after ORDER BY t.name LIMIT :limit`,
  recent: `SELECT name, newest FROM topic WHERE newest < :before ORDER BY newest DESC LIMIT :limit`,
  since: `SELECT name, newest FROM topic WHERE newest > :after ORDER BY newest LIMIT :limit`,
  listening: `SELECT COUNT(DISTINCT s.agent_pk) AS n FROM json_each(:patterns) p CROSS JOIN subscription s
    CROSS JOIN agent a ON a.pk = s.agent_pk WHERE s.pattern = p.value AND a.archived_at IS NULL`,
  subscriptions: `${SUBSCRIPTION} WHERE (s.agent_pk, s.pattern) > (:agent, :pattern)
    ORDER BY s.agent_pk, s.pattern LIMIT :limit`,
  subscriptionsOf: `${SUBSCRIPTION} WHERE s.agent_pk = :agent AND s.pattern > :pattern ORDER BY s.pattern LIMIT :limit`,
} as const;

/** The statements on topics as they are looked at. */
export function topicPageStatements({ db }: Pick<EngineContext, "db">) {
  const selectPage = db.prepare<[{ after: string; limit: number }], TopicRow>(TOPICS.page);
  const selectRecent = db.prepare<[{ before: number; limit: number }], RecentTopicRow>(TOPICS.recent);
  const selectSince = db.prepare<[{ after: number; limit: number }], RecentTopicRow>(TOPICS.since);
  const countListening = db.prepare<[{ patterns: string }], { n: number }>(TOPICS.listening);
  type Page = { agent: number; pattern: string; limit: number };
  const selectSubscriptions = db.prepare<[Page], SubscriptionRow>(TOPICS.subscriptions);
  const selectSubscriptionsOf = db.prepare<[Page], SubscriptionRow>(TOPICS.subscriptionsOf);
  const selectAgent = db.prepare<[string], { pk: number }>(`SELECT pk FROM agent WHERE id = ?`);

  return {
    page: (after: string, limit: number) => selectPage.all({ after, limit }),
    recent: (before: number, limit: number) => selectRecent.all({ before, limit }),
    since: (after: number, limit: number) => selectSince.all({ after, limit }),
    /** How many agents that are not archived are subscribed to one of these patterns. */
    listening: (patterns: readonly string[]): number =>
      patterns.length === 0 ? 0 : (countListening.get({ patterns: JSON.stringify(patterns) })?.n ?? 0),
    /** Subscriptions behind a place, by agent and pattern. */
    subscriptions: (agent: number, pattern: string, limit: number) =>
      selectSubscriptions.all({ agent, pattern, limit }),
    /** An agent's own behind a pattern. */
    subscriptionsOf: (owner: AgentId, pattern: string, limit: number) =>
      selectSubscriptionsOf.all({ agent: selectAgent.get(owner)?.pk ?? 0, pattern, limit }),
  };
}
