/** SQL of what lies in inboxes, and of paths that do not bring it out: an agent at a time, each along an index. */
import type { AgentId } from "@agentmesh/protocol";
import type { FailingPath, InboxLoad, LoadPart } from "../../../mesh/store/needs.ts";
import {
  COUNTED,
  type FailingWebhookRow,
  inboxLoad,
  type LoadRow,
  type PathOwner,
  pathsFailing,
  webhookFailing,
} from "../../shared/rows/loads.ts";
import type { EngineContext } from "../context.ts";
import { NEWEST, newestSigns } from "../rows/signs.ts";

const OPEN = `a.open_count > 0`;
const LOAD = `
  SELECT a.pk, a.id, a.name, a.person, a.queued_count, a.open_count, a.open_bytes,
    CASE WHEN a.queued_count > 0 THEN (SELECT d.accepted_at FROM delivery d WHERE d.agent_pk = a.pk
       AND d.state IN ('queued', 'leased') AND d.state = 'queued' ORDER BY d.seq LIMIT 1) END AS queued_since,
    (SELECT MIN(q.at) FROM (
       (SELECT d.accepted_at AS at FROM delivery d WHERE d.agent_pk = a.pk
         AND d.state IN ('queued', 'leased') ORDER BY d.seq LIMIT 1)
       UNION ALL
       (SELECT d.accepted_at FROM delivery d WHERE d.agent_pk = a.pk
         AND d.state = 'held' ORDER BY d.seq LIMIT 1)) q) AS open_since,
    CASE WHEN a.person = 0 THEN 0 ELSE (SELECT COUNT(*) FROM (SELECT k.message_pk FROM ask k
       WHERE k.debtor_pk = a.pk AND k.closed_at IS NULL LIMIT ${COUNTED}) q
       JOIN delivery d ON d.message_pk = q.message_pk WHERE d.state = 'queued') END AS questions,
    ${NEWEST} AS newest
  FROM agent a`;
const PRESENT = `a.removed_at IS NULL AND a.archived_at IS NULL`;
const WEBHOOK = `
  SELECT w.agent_pk AS pk, w.failed_why, w.rests_until, COALESCE(w.proven_at, w.set_at) AS since,
    a.id, a.name, a.registered_at
  FROM webhook w JOIN agent a ON a.pk = w.agent_pk WHERE w.failed_why IS NOT NULL AND ${PRESENT}`;

type SeenLoadRow = LoadRow & { readonly newest: string | null };
type SeenPathRow = PathOwner & { readonly newest: string | null };
type WebhookRow = FailingWebhookRow & PathOwner;

/** The statements on loads. */
export function loadStatements({ db, now }: EngineContext) {
  const loadOfRow = (row: SeenLoadRow): InboxLoad => inboxLoad(row, newestSigns(row.newest)?.session, now);
  const failingOf = (row: SeenPathRow): FailingPath[] => {
    const newest = newestSigns(row.newest);
    return newest ? pathsFailing(row, newest.session, now) : [];
  };
  const webhookOf = (row: WebhookRow) => webhookFailing(row, row, now);

  return {
    /** Inboxes with something open behind one, in the order of their agents' keys. */
    async loads(after: number, limit: number): Promise<LoadPart> {
      const found = await db.all<{ pk: number; id: AgentId }>(
        `SELECT a.pk, a.id FROM agent a WHERE a.pk > $1 AND ${OPEN} ORDER BY a.pk LIMIT $2`,
        [after, limit],
      );
      const rows = await db.all<SeenLoadRow>(`${LOAD} WHERE a.pk = ANY ($1::BIGINT[]) AND ${PRESENT} ORDER BY a.pk`, [
        found.map(({ pk }) => pk),
      ]);
      return { loads: rows.map(loadOfRow), next: found.length < limit ? undefined : found.at(-1)?.id };
    },
    loadOf: async (agentPk: number): Promise<InboxLoad[]> =>
      (await db.all<SeenLoadRow>(`${LOAD} WHERE a.pk = $1 AND ${PRESENT}`, [agentPk])).map(loadOfRow),
    async failing(agent: number | undefined, limit: number): Promise<FailingPath[]> {
      const webhooks = await db.all<WebhookRow>(
        `${WEBHOOK} AND ($1::BIGINT IS NULL OR w.agent_pk = $1) ORDER BY w.agent_pk LIMIT $2`,
        [agent ?? null, limit],
      );
      const owners = await db.all<SeenPathRow>(
        `SELECT a.id, a.name, a.registered_at, ${NEWEST} AS newest FROM agent a
         WHERE ($1::BIGINT IS NULL OR a.pk = $1) AND ${PRESENT}
           AND EXISTS (SELECT 1 FROM session s WHERE s.agent_pk = a.pk AND s.push_paths LIKE '%"failedWhy"%')
         ORDER BY a.pk LIMIT $2`,
        [agent ?? null, limit],
      );
      return [...webhooks.map(webhookOf), ...owners.flatMap(failingOf)];
    },
  };
}
