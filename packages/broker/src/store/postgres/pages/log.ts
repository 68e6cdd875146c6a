/** SQL of the log: the timeline as it is read, by its places first, then its entries. */
import type { LogEntry } from "@agentmesh/protocol";
import type { Store } from "../../../mesh/store.ts";
import { BEHIND_ALL, cursors } from "../../shared/rows/cursor.ts";
import { type LogRow, logEntryOf } from "../../shared/rows/timeline.ts";
import type { EngineContext } from "../context.ts";

type Query = Omit<Parameters<Store["log"]>[0], "turn">;

/** Places in the log ahead of an edge, each along an index: of all, of what an agent sent or got. */
export const PLACES = {
  all: `SELECT t.pk FROM timeline t WHERE t.pk > $1 ORDER BY t.pk ASC LIMIT $2`,
  viewer: `(SELECT t.pk FROM timeline t WHERE t.agent_pk = $3 AND t.pk > $1 ORDER BY t.pk ASC LIMIT $2)
    UNION ALL
    (SELECT t.pk FROM timeline t WHERE t.sender_pk = $3 AND t.agent_pk <> $3 AND t.pk > $1 ORDER BY t.pk ASC LIMIT $2)
    ORDER BY 1 ASC LIMIT $2`,
  thread: `SELECT t.pk FROM message m JOIN delivery d ON d.message_pk = m.pk JOIN timeline t ON t.delivery_pk = d.pk
    WHERE m.thread_id = $4 AND t.pk > $1 AND ($3::BIGINT IS NULL OR t.agent_pk = $3 OR t.sender_pk = $3)
    ORDER BY t.pk ASC LIMIT $2`,
} as const;

/** The same, the newest first. */
function newestOf(sql: string): string {
  return sql.replaceAll("> $1", "< $1").replaceAll(" ASC ", " DESC ");
}

const ENTRIES = `
  SELECT t.pk, t.at, t.event, t.attempt, t.session_id, t.path, t.reason,
    d.id AS delivery_id, d.seq, m.id AS message_id, m.thread_id, m.body, m.body_hash, m.body_bytes,
    s.id AS sender_id, s.name AS sender_name, r.id AS recipient_id, r.name AS recipient_name
  FROM timeline t
  JOIN delivery d ON d.pk = t.delivery_pk
  JOIN message m ON m.pk = d.message_pk
  JOIN agent s ON s.pk = m.sender_pk
  JOIN agent r ON r.pk = d.agent_pk
  WHERE t.pk = ANY ($1::BIGINT[]) ORDER BY t.pk`;

/** The statements on the log. */
export function logStatements({ db, epoch, numbers }: EngineContext) {
  const cursor = cursors(epoch, "");
  const viewerPk = async (id: string) =>
    (await db.get<{ pk: number }>(`SELECT pk FROM agent WHERE id = $1`, [id]))?.pk ?? 0;

  /** The first places ahead of an edge, or the last ones; in order. */
  async function places(edge: number | undefined, limit: number, viewer: number | undefined, thread?: string) {
    const way = thread !== undefined ? "thread" : viewer !== undefined ? "viewer" : "all";
    const sql = edge === undefined ? newestOf(PLACES[way]) : PLACES[way];
    const more = way === "all" ? [] : way === "viewer" ? [viewer ?? null] : [viewer ?? null, thread ?? null];
    const found = await db.all<{ pk: number }>(sql, [edge ?? BEHIND_ALL, limit, ...more]);
    return found.map(({ pk }) => pk).sort((a, b) => a - b);
  }

  return {
    /** A page of the log. */
    async page({ after, limit, viewer, thread }: Query): Promise<{ entries: LogEntry[]; cursor: string }> {
      const { timeline: last } = await numbers.last();
      const edge = after === undefined ? undefined : cursor.read(after);
      const viewerKey = viewer === undefined ? undefined : await viewerPk(viewer);
      const found = await places(edge, limit, viewerKey, thread);
      const entries = (await db.all<LogRow>(ENTRIES, [found])).map(logEntryOf);
      // An empty page moves the cursor to the end, so that a viewer's own entries are not searched for twice.
      const end = edge === undefined ? last : found.length < limit ? Math.max(last, edge) : (found.at(-1) ?? last);
      return { entries, cursor: cursor.at(end) };
    },
  };
}
