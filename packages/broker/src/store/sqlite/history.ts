/** SQL of history: messages found by their words, thread, topic or party, in the order of acceptance. */
import { type AgentId, type HistoryEntry, MAX_DELIVERIES_PER_READ, type Party } from "@agentmesh/protocol";
import type { SearchTerm } from "../../mesh/names/words.ts";
import type { HistoryPart, HistoryQuery, Viewer } from "../../mesh/store.ts";
import { MESSAGE } from "../shared/columns.ts";
import { type DeliveryOfMessage, type Found, foundIn, historyEntry, wayOf } from "../shared/history-ways.ts";
import { BEHIND_ALL, cursors } from "../shared/rows/cursor.ts";
import type { MessageRow } from "../shared/rows/rows.ts";
import type { EngineContext } from "./context.ts";

/** What a message is looked at for; what is not asked for is NULL. Nobody's query gets past its first line. */
interface Sought {
  readonly party: number | null;
  readonly other: number | null;
  readonly thread: string | null;
  readonly topic: string | null;
  readonly match: string | null;
  readonly edge: number;
  readonly max: number;
}

const FITS = `
  (:party IS NULL OR m.sender_pk = :party
    OR EXISTS (SELECT 1 FROM delivery d WHERE d.agent_pk = :party AND d.message_pk = m.pk))
  AND (:other IS NULL
    OR (m.sender_pk = :party AND EXISTS (SELECT 1 FROM delivery d WHERE d.agent_pk = :other AND d.message_pk = m.pk))
    OR (m.sender_pk = :other AND EXISTS (SELECT 1 FROM delivery d WHERE d.agent_pk = :party AND d.message_pk = m.pk)))
  AND (:thread IS NULL OR m.thread_id = :thread)
  AND (:topic IS NULL OR m.topic = :topic) AS fits`;

/** The ways to look for messages, newest first, each along an index; the narrowest that a query allows is taken. */
export const LOOK = {
  match: `SELECT m.pk, ${FITS} FROM message_text w CROSS JOIN message m ON m.pk = w.rowid
    WHERE w.message_text MATCH :match AND w.rowid < :edge ORDER BY w.rowid DESC LIMIT :max`,
  thread: `SELECT m.pk, ${FITS} FROM message m
    WHERE m.thread_id = :thread AND m.pk < :edge ORDER BY m.pk DESC LIMIT :max`,
  topic: `SELECT m.pk, ${FITS} FROM message m
    WHERE m.topic = :topic AND m.pk < :edge ORDER BY m.pk DESC LIMIT :max`,
  party: `SELECT m.pk, ${FITS} FROM message m WHERE m.sender_pk = :party AND m.pk < :edge
    UNION ALL
    SELECT r.message_pk, ${FITS} FROM delivery r CROSS JOIN message m ON m.pk = r.message_pk
    WHERE r.agent_pk = :party AND r.message_pk < :edge AND m.sender_pk <> :party ORDER BY 1 DESC LIMIT :max`,
  all: `SELECT m.pk, ${FITS} FROM message m WHERE m.pk < :edge ORDER BY m.pk DESC LIMIT :max`,
} as const;

/** The same way, oldest first. */
export function lookAhead(sql: string): string {
  return sql.replaceAll("< :edge", "> :edge").replaceAll(" DESC ", " ASC ");
}

const DELIVERY = `
  SELECT d.id, d.seq, d.trust, d.state, d.attempt, d.ready_at, d.delayed, d.session_id, d.lease_ends_at, d.reason, d.expires_at,
    r.id AS recipient_id, r.name AS recipient_name
  FROM delivery d JOIN agent r ON r.pk = d.agent_pk WHERE d.message_pk = :message`;

/** The statements on history. `epoch` marks its cursors. */
export function historyStatements({ db, clock, publishing }: EngineContext, epoch: string) {
  const cursor = cursors(epoch, "m");
  const way = (sql: string) => ({
    back: db.prepare<[Sought], { pk: number; fits: number }>(sql),
    ahead: db.prepare<[Sought], { pk: number; fits: number }>(lookAhead(sql)),
  });
  const ways = {
    match: way(LOOK.match),
    thread: way(LOOK.thread),
    topic: way(LOOK.topic),
    party: way(LOOK.party),
    all: way(LOOK.all),
  };
  // Counts on when messages are pruned, where MAX(pk) would fall back.
  const selectLast = db.prepare<[], { pk: number }>(`SELECT seq AS pk FROM sqlite_sequence WHERE name = 'message'`);
  const selectAgent = db.prepare<[string], { pk: number }>(`SELECT pk FROM agent WHERE id = ?`);
  const selectParty = db.prepare<[string], Party>(`SELECT id, name FROM agent WHERE id = ?`);
  const selectPresent = db.prepare<[string], Party>(
    `SELECT id, name FROM agent WHERE name = ? AND removed_at IS NULL AND archived_at IS NULL`,
  );
  const selectFormer = db.prepare<[string], Party>(
    `SELECT id, name FROM agent WHERE pk = (SELECT agent_pk FROM former_name WHERE name = ?) AND removed_at IS NULL`,
  );
  const selectArchived = db.prepare<[string], Party>(
    `SELECT id, name FROM agent WHERE name = ? AND removed_at IS NULL AND archived_at IS NOT NULL
     ORDER BY archived_at DESC LIMIT 1`,
  );
  const selectGone = db.prepare<[string], Party>(
    `SELECT id, name FROM agent WHERE name = ? AND removed_at IS NOT NULL ORDER BY removed_at DESC LIMIT 1`,
  );
  const selectMessage = db.prepare<[number], MessageRow>(`${MESSAGE} WHERE m.pk = ?`);
  const selectDeliveries = db.prepare<[{ message: number; max: number }], DeliveryOfMessage>(
    `${DELIVERY} ORDER BY d.pk LIMIT :max`,
  );
  const selectOwn = db.prepare<[{ message: number; viewer: AgentId }], DeliveryOfMessage>(
    `${DELIVERY} AND r.id = :viewer`,
  );

  const last = (): number => selectLast.get()?.pk ?? 0;
  /** Key of an agent, also of one that has left; 0, which nobody has, for one that was never there. */
  const keyOf = (id: AgentId | undefined): number | null => (id === undefined ? null : (selectAgent.get(id)?.pk ?? 0));

  function entry(pk: number, viewer: Viewer): HistoryEntry | undefined {
    const row = selectMessage.get(pk);
    if (!row) return undefined;
    const all = viewer === undefined || viewer === row.sender_id;
    const shown = all
      ? selectDeliveries.all({ message: pk, max: MAX_DELIVERIES_PER_READ + 1 })
      : selectOwn.all({ message: pk, viewer });
    return historyEntry(row, shown, all && publishing.has(row.message_id), clock.now());
  }

  /** Keys of messages that fit, at most one more than wanted, and how far the look went. */
  function find(query: HistoryQuery, edge: number): Found {
    const { party, other, thread, topic, terms, ahead, lookAt } = query;
    const looked = ways[wayOf(query)][ahead ? "ahead" : "back"].all({
      party: keyOf(party),
      other: keyOf(other),
      thread: thread ?? null,
      topic: topic ?? null,
      match: terms === undefined ? null : matchOf(terms),
      edge,
      max: lookAt,
    });
    return foundIn(looked, query, edge);
  }

  return {
    /** By id, then the one of this name that is there, that had it, that was archived last, or that has left last. */
    findParty: (nameOrId: string): Party | undefined =>
      selectParty.get(nameOrId) ??
      selectPresent.get(nameOrId) ??
      selectFormer.get(nameOrId) ??
      selectArchived.get(nameOrId) ??
      selectGone.get(nameOrId),

    list(query: HistoryQuery): HistoryPart {
      const end = last();
      const edge = query.from === undefined ? (query.ahead ? 0 : BEHIND_ALL) : cursor.read(query.from);
      const found = find(query, edge);
      const entries: HistoryEntry[] = [];
      let bytes = 0;
      let place = edge;
      for (const pk of found.fitting) {
        const next = entry(pk, query.viewer);
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

/** All terms as a query of FTS5: each in quotes, so that none of it is syntax. */
function matchOf(terms: readonly SearchTerm[]): string {
  return terms.map(({ text, begins }) => `"${text.replaceAll('"', " ")}"${begins ? "*" : ""}`).join(" ");
}
