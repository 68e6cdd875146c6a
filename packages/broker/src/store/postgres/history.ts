/** SQL of history: messages found by their words, thread, topic or party, in the order of acceptance. */
import { type AgentId, type HistoryEntry, MAX_DELIVERIES_PER_READ, type Party } from "@agentmesh/protocol";
import type { HistoryPart, HistoryQuery, Viewer } from "../../mesh/store.ts";
import { MESSAGE } from "../shared/columns.ts";
import {
  type DeliveryOfMessage,
  type Found,
  foundIn,
  type HistoryWay,
  historyEntry,
  wayOf,
} from "../shared/history-ways.ts";
import { BEHIND_ALL, cursors } from "../shared/rows/cursor.ts";
import type { MessageRow } from "../shared/rows/rows.ts";
import type { EngineContext } from "./context.ts";
import { queryOf } from "./words.ts";

/** Who sent or got it ($1), and who the other was ($2), in which thread ($3), on which topic ($4); NULL for any. */
const FITS = `
  (($1::BIGINT IS NULL OR m.sender_pk = $1
    OR EXISTS (SELECT 1 FROM delivery d WHERE d.agent_pk = $1 AND d.message_pk = m.pk))
  AND ($2::BIGINT IS NULL
    OR (m.sender_pk = $1 AND EXISTS (SELECT 1 FROM delivery d WHERE d.agent_pk = $2 AND d.message_pk = m.pk))
    OR (m.sender_pk = $2 AND EXISTS (SELECT 1 FROM delivery d WHERE d.agent_pk = $1 AND d.message_pk = m.pk)))
  AND ($3::TEXT IS NULL OR m.thread_id = $3)
  AND ($4::TEXT IS NULL OR m.topic = $4))::INT AS fits`;

/** The ways to look for messages, newest first, each along an index; the narrowest that a query allows is taken. */
const LOOK: Readonly<Record<HistoryWay, string>> = {
  match: `SELECT m.pk, ${FITS} FROM message_words w JOIN message m ON m.pk = w.message_pk
    WHERE w.words @@ $7::TSQUERY AND w.message_pk < $5 ORDER BY w.message_pk DESC LIMIT $6`,
  thread: `SELECT m.pk, ${FITS} FROM message m
    WHERE m.thread_id = $3 AND m.pk < $5 ORDER BY m.pk DESC LIMIT $6`,
  topic: `SELECT m.pk, ${FITS} FROM message m
    WHERE m.topic = $4 AND m.pk < $5 ORDER BY m.pk DESC LIMIT $6`,
  party: `(SELECT m.pk, ${FITS} FROM message m WHERE m.sender_pk = $1 AND m.pk < $5 ORDER BY m.pk DESC LIMIT $6)
    UNION ALL
    (SELECT m.pk, ${FITS} FROM delivery r JOIN message m ON m.pk = r.message_pk
     WHERE r.agent_pk = $1 AND r.message_pk < $5 AND m.sender_pk <> $1 ORDER BY m.pk DESC LIMIT $6)
    ORDER BY 1 DESC LIMIT $6`,
  all: `SELECT m.pk, ${FITS} FROM message m WHERE m.pk < $5 ORDER BY m.pk DESC LIMIT $6`,
};

/** The same way, oldest first. */
function lookAhead(sql: string): string {
  return sql.replaceAll("< $5", "> $5").replaceAll(" DESC ", " ASC ");
}

const DELIVERY = `
  SELECT d.id, d.seq, d.trust, d.state, d.attempt, d.ready_at, d.delayed, d.session_id, d.lease_ends_at, d.reason, d.expires_at,
    r.id AS recipient_id, r.name AS recipient_name
  FROM delivery d JOIN agent r ON r.pk = d.agent_pk WHERE d.message_pk = $1`;

/** By id, then the one of a name that is there, that had it, that was archived last, or that has left last. */
const PARTY = [
  `SELECT id, name FROM agent WHERE id = $1`,
  `SELECT id, name FROM agent WHERE name = $1 AND removed_at IS NULL AND archived_at IS NULL`,
  `SELECT id, name FROM agent WHERE pk = (SELECT agent_pk FROM former_name WHERE name = $1) AND removed_at IS NULL`,
  `SELECT id, name FROM agent WHERE name = $1 AND removed_at IS NULL AND archived_at IS NOT NULL
   ORDER BY archived_at DESC LIMIT 1`,
  `SELECT id, name FROM agent WHERE name = $1 AND removed_at IS NOT NULL ORDER BY removed_at DESC LIMIT 1`,
];

/** The statements on history. */
export function historyStatements({ db, epoch, now, numbers }: EngineContext) {
  const cursor = cursors(epoch, "m");
  /** Key of an agent, also of one that has left; 0, which nobody has, for one that was never there. */
  const keyOf = async (id: AgentId | undefined): Promise<number | null> =>
    id === undefined ? null : ((await db.get<{ pk: number }>(`SELECT pk FROM agent WHERE id = $1`, [id]))?.pk ?? 0);

  async function entry(pk: number, viewer: Viewer): Promise<HistoryEntry | undefined> {
    const row = await db.get<MessageRow>(`${MESSAGE} WHERE m.pk = $1`, [pk]);
    if (!row) return undefined;
    const all = viewer === undefined || viewer === row.sender_id;
    const shown = all
      ? await db.all<DeliveryOfMessage>(`${DELIVERY} ORDER BY d.pk LIMIT $2`, [pk, MAX_DELIVERIES_PER_READ + 1])
      : await db.all<DeliveryOfMessage>(`${DELIVERY} AND r.id = $2`, [pk, viewer]);
    const isUnderWay = (await db.get(`SELECT 1 AS one FROM publishing WHERE message_pk = $1`, [pk])) !== undefined;
    return historyEntry(row, shown, all && isUnderWay, now);
  }

  /** Keys of messages that fit, at most one more than wanted, and how far the look went. */
  async function find(query: HistoryQuery, edge: number): Promise<Found> {
    const { thread, topic, terms, ahead, lookAt } = query;
    const sql = LOOK[wayOf(query)];
    const looked = await db.all<{ pk: number; fits: number }>(ahead ? lookAhead(sql) : sql, [
      ...[await keyOf(query.party), await keyOf(query.other), thread ?? null, topic ?? null, edge, lookAt],
      ...(terms === undefined ? [] : [queryOf(terms)]),
    ]);
    return foundIn(looked, query, edge);
  }

  return {
    async findParty(nameOrId: string): Promise<Party | undefined> {
      for (const sql of PARTY) {
        const found = await db.get<Party>(sql, [nameOrId]);
        if (found) return found;
      }
      return undefined;
    },

    async list(query: HistoryQuery): Promise<HistoryPart> {
      const { message: end } = await numbers.last();
      const edge = query.from === undefined ? (query.ahead ? 0 : BEHIND_ALL) : cursor.read(query.from);
      const found = await find(query, edge);
      const entries: HistoryEntry[] = [];
      let bytes = 0;
      let place = edge;
      for (const pk of found.fitting) {
        const next = await entry(pk, query.viewer);
        if (!next) continue;
        bytes += next.message.bodyBytes;
        if (entries.length > 0 && bytes > query.maxBytes) break;
        entries.push(next);
        place = pk;
      }
      const cut = entries.length < found.fitting.length;
      const more = cut ? true : found.more;
      // Nothing was left out up to where the look went.
      if (more === undefined) place = found.edge;
      return { entries, more, place: cursor.at(place), end: cursor.at(Math.max(end, query.ahead ? edge : 0)) };
    },
  };
}
