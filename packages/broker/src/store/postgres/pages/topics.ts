/** SQL of looks at topics: page by page, and how many listen. */
import type { AgentId } from "@agentmesh/protocol";
import type { SubscriptionRow } from "../../shared/rows/rows.ts";
import type { RecentTopicRow, TopicRow } from "../../shared/rows/topics.ts";
import type { EngineContext } from "../context.ts";

const SUBSCRIPTION = `
  SELECT s.agent_pk, a.id AS agent_id, a.name AS agent_name, a.archived_at, s.pattern, s.since
  FROM subscription s JOIN agent a ON a.pk = s.agent_pk`;

/** The statements on topics as they are looked at. */
export function topicPageStatements({ db }: EngineContext) {
  return {
    page: (after: string, limit: number) =>
      db.all<TopicRow>(
        `SELECT t.name, t.messages, m.accepted_at AS last FROM topic t JOIN message m ON m.pk = t.newest
         WHERE t.name > $1 ORDER BY t.name LIMIT $2`,
        [after, limit],
      ),
    recent: (before: number, limit: number) =>
      db.all<RecentTopicRow>(`SELECT name, newest FROM topic WHERE newest < $1 ORDER BY newest DESC LIMIT $2`, [
        ...[before, limit],
      ]),
    since: (after: number, limit: number) =>
      db.all<RecentTopicRow>(`SELECT name, newest FROM topic WHERE newest > $1 ORDER BY newest LIMIT $2`, [
        ...[after, limit],
      ]),
    /** How many agents that are not archived are subscribed to one of these patterns. */
    listening: async (patterns: readonly string[]): Promise<number> =>
      (
        await db.get<{ n: number }>(
          `SELECT COUNT(DISTINCT s.agent_pk) AS n FROM subscription s JOIN agent a ON a.pk = s.agent_pk
           WHERE s.pattern = ANY ($1::TEXT[]) AND a.archived_at IS NULL`,
          [patterns],
        )
      )?.n ?? 0,
    /** Subscriptions behind a place, by agent and pattern. */
    subscriptions: (agent: number, pattern: string, limit: number) =>
      db.all<SubscriptionRow>(
        `${SUBSCRIPTION} WHERE (s.agent_pk, s.pattern) > ($1, $2) ORDER BY s.agent_pk, s.pattern LIMIT $3`,
        [agent, pattern, limit],
      ),
    /** An agent's own behind a pattern. */
    subscriptionsOf: (owner: AgentId, pattern: string, limit: number) =>
      db.all<SubscriptionRow>(
        `${SUBSCRIPTION} WHERE s.agent_pk = (SELECT pk FROM agent WHERE id = $1) AND s.pattern > $2
         ORDER BY s.pattern LIMIT $3`,
        [owner, pattern, limit],
      ),
  };
}
