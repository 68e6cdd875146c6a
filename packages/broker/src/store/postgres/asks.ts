/** SQL of asks. */
import type { AgentId, DeliveryState, MessageId, OpenAsk } from "@agentmesh/protocol";
import { ASK_COLUMNS } from "../shared/columns.ts";
import { type AskPlace, type OpenAskRow, openAskOf, type WholeAskRow } from "../shared/rows/asks.ts";
import type { EngineContext } from "./context.ts";

/** The keys of the parties of an ask. */
export interface PartyKeys {
  readonly asker_pk: number;
  readonly debtor_pk: number;
}

/** An ask without an answer, with the keys of its parties. */
export interface OwedRow extends OpenAskRow, PartyKeys {}

const FROM_ASKS = `
  FROM ask k
  JOIN message m ON m.pk = k.message_pk
  JOIN delivery d ON d.message_pk = k.message_pk
  JOIN agent a ON a.pk = k.asker_pk
  JOIN agent b ON b.pk = k.debtor_pk`;

const OPEN = `SELECT ${ASK_COLUMNS}, k.asker_pk, k.debtor_pk ${FROM_ASKS} WHERE k.closed_at IS NULL`;

/** One ask, owed or not. */
const WHOLE = `
  SELECT ${ASK_COLUMNS}, k.asker_pk, k.debtor_pk, d.pk AS delivery_pk, d.attempt, k.waived_at,
    (SELECT r.id FROM message r WHERE r.pk = k.reply_pk) AS reply_id
  ${FROM_ASKS} WHERE m.id = $1`;

/** The statements on asks. */
export function askStatements({ db, now }: EngineContext) {
  /** What a policy holds is given to nobody, in a list neither. */
  const owed = (agent: AgentId, limit: number) =>
    db.all<OwedRow>(
      `${OPEN} AND k.debtor_pk = (SELECT pk FROM agent WHERE id = $1) AND d.state <> 'held'
       ORDER BY k.due_at, k.message_pk LIMIT $2`,
      [agent, limit],
    );
  const waiting = (agent: AgentId, limit: number) =>
    db.all<OwedRow>(
      `${OPEN} AND k.asker_pk = (SELECT pk FROM agent WHERE id = $1) ORDER BY k.due_at, k.message_pk LIMIT $2`,
      [agent, limit],
    );
  const every = (limit: number) => db.all<OwedRow>(`${OPEN} ORDER BY k.due_at, k.message_pk LIMIT $1`, [limit]);

  return {
    open: (messagePk: number, askerPk: number, debtorPk: number, answerWithinMs: number) =>
      db.run(
        `INSERT INTO ask (message_pk, asker_pk, debtor_pk, answer_within_ms, due_at) VALUES ($1, $2, $3, $4, $5)`,
        [messagePk, askerPk, debtorPk, answerWithinMs, now + answerWithinMs],
      ),
    /** The debtor has answered the asker; a late answer counts too, one that went to somebody else does not. */
    answered: ({ asked, debtor, asker, reply }: { asked: MessageId; debtor: number; asker: number; reply: number }) =>
      db.run(
        `UPDATE ask SET closed_at = $1, reply_pk = $2
         WHERE message_pk = (SELECT pk FROM message WHERE id = $3) AND debtor_pk = $4 AND asker_pk = $5
           AND reply_pk IS NULL`,
        [now, reply, asked, debtor, asker],
      ),
    one: (asked: MessageId) =>
      db.get<{ due_at: number; waived_at: number | null; state: DeliveryState; reply_delivery_pk: number | null }>(
        `SELECT k.due_at, k.waived_at, (SELECT d.state FROM delivery d WHERE d.message_pk = k.message_pk) AS state,
           (SELECT d.pk FROM delivery d WHERE d.message_pk = k.reply_pk AND d.agent_pk = k.asker_pk) AS reply_delivery_pk
         FROM ask k JOIN message m ON m.pk = k.message_pk WHERE m.id = $1`,
        [asked],
      ),
    whole: (asked: MessageId) => db.get<WholeAskRow & PartyKeys>(WHOLE, [asked]),
    list: async (side: "owed" | "waiting", agent: AgentId | undefined, limit: number): Promise<OpenAsk[]> => {
      const rows = await (agent === undefined ? every(limit) : (side === "owed" ? owed : waiting)(agent, limit));
      return rows.map((row) => openAskOf(row, now));
    },
    /** What is overdue behind a place, in the order of being due. */
    overdue: (limit: number, { due_at, message_pk }: AskPlace = { due_at: 0, message_pk: 0 }) =>
      db.all<OwedRow>(
        `${OPEN} AND k.due_at <= $1 AND (k.due_at, k.message_pk) > ($2, $3)
           AND (k.due_at + k.answer_within_ms <= $1 OR (k.nudged_at IS NULL AND d.state <> 'held'))
         ORDER BY k.due_at, k.message_pk LIMIT $4`,
        [now, due_at, message_pk, limit],
      ),
    /** One of them, as it is now. */
    overdueAt: (messagePk: number) =>
      db.get<OwedRow>(
        `${OPEN} AND k.message_pk = $1 AND k.due_at <= $2
           AND (k.due_at + k.answer_within_ms <= $2 OR (k.nudged_at IS NULL AND d.state <> 'held'))`,
        [messagePk, now],
      ),
    setNudged: (messagePk: number) => db.run(`UPDATE ask SET nudged_at = $1 WHERE message_pk = $2`, [now, messagePk]),
    /** The question is put back into its inbox: it is owed anew. */
    reopen: (messagePk: number) =>
      db.run(
        `UPDATE ask SET closed_at = NULL, nudged_at = NULL, waived_at = NULL, due_at = $1 + answer_within_ms
         WHERE message_pk = $2 AND reply_pk IS NULL AND asker_pk IN (SELECT pk FROM agent WHERE removed_at IS NULL)`,
        [now, messagePk],
      ),
    /** The asker has left: nothing is owed to it. */
    giveUpOf: (askerPk: number) =>
      db.run(`UPDATE ask SET closed_at = $1 WHERE asker_pk = $2 AND closed_at IS NULL`, [now, askerPk]),
    giveUp: (messagePk: number) => db.run(`UPDATE ask SET closed_at = $1 WHERE message_pk = $2`, [now, messagePk]),
    /** Somebody who may say so says that nobody owes it. */
    waive: (messagePk: number) =>
      db.run(`UPDATE ask SET closed_at = $1, waived_at = $1 WHERE message_pk = $2`, [now, messagePk]),
  };
}
