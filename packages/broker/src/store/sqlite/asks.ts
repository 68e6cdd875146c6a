/** SQL of asks. */
import type { AgentId, DeliveryState, MessageId, OpenAsk } from "@agentmesh/protocol";
import { ASK_COLUMNS } from "../shared/columns.ts";
import { type AskPlace, type OpenAskRow, openAskOf, type WholeAskRow } from "../shared/rows/asks.ts";
import type { EngineContext } from "./context.ts";
import { inPieces } from "./pages/pieces.ts";

const FROM_ASKS = `
  FROM ask k
  JOIN message m ON m.pk = k.message_pk
  JOIN delivery d ON d.message_pk = k.message_pk
  JOIN agent a ON a.pk = k.asker_pk
  JOIN agent b ON b.pk = k.debtor_pk`;

const OPEN = `SELECT ${ASK_COLUMNS} ${FROM_ASKS} WHERE k.closed_at IS NULL`;

/** One ask, owed or not. */
const WHOLE = `
  SELECT ${ASK_COLUMNS}, d.pk AS delivery_pk, d.attempt, k.waived_at,
    (SELECT r.id FROM message r WHERE r.pk = k.reply_pk) AS reply_id
  ${FROM_ASKS} WHERE m.id = ?`;

/** Open asks by the time of their answer, without their texts. What a policy holds is given to nobody, in a list neither. */
export const ASKS = {
  owed: `SELECT k.message_pk AS pk FROM ask k
    WHERE k.closed_at IS NULL AND k.debtor_pk = (SELECT pk FROM agent WHERE id = :agent)
      AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message_pk = k.message_pk AND d.state = 'held')
    ORDER BY k.due_at LIMIT :limit`,
  waiting: `SELECT k.message_pk AS pk FROM ask k
    WHERE k.closed_at IS NULL AND k.asker_pk = (SELECT pk FROM agent WHERE id = :agent) ORDER BY k.due_at LIMIT :limit`,
  all: `SELECT k.message_pk AS pk FROM ask k WHERE k.closed_at IS NULL ORDER BY k.due_at LIMIT :limit`,
} as const;

/** The statements on asks. */
export function askStatements({ db, clock }: EngineContext) {
  const insert = db.prepare<[number, number, number, number, number]>(
    `INSERT INTO ask (message_pk, asker_pk, debtor_pk, answer_within_ms, due_at) VALUES (?, ?, ?, ?, ?)`,
  );
  const close = db.prepare<[{ now: number; reply: number; asked: string; debtor: number; asker: number }]>(
    `UPDATE ask SET closed_at = :now, reply_pk = :reply
     WHERE message_pk = (SELECT pk FROM message WHERE id = :asked) AND debtor_pk = :debtor AND asker_pk = :asker
       AND reply_pk IS NULL`,
  );
  const selectOne = db.prepare<
    [string],
    { due_at: number; waived_at: number | null; state: DeliveryState; reply_delivery_pk: number | null }
  >(
    `SELECT k.due_at, k.waived_at, (SELECT d.state FROM delivery d WHERE d.message_pk = k.message_pk) AS state,
       (SELECT d.pk FROM delivery d WHERE d.message_pk = k.reply_pk AND d.agent_pk = k.asker_pk) AS reply_delivery_pk
     FROM ask k JOIN message m ON m.pk = k.message_pk WHERE m.id = ?`,
  );
  const selectOwed = db.prepare<[{ agent: string; limit: number }], { pk: number }>(ASKS.owed);
  const selectWaiting = db.prepare<[{ agent: string; limit: number }], { pk: number }>(ASKS.waiting);
  const selectAll = db.prepare<[{ limit: number }], { pk: number }>(ASKS.all);
  const selectOpen = db.prepare<[number], OpenAskRow>(`${OPEN} AND k.message_pk = ?`);
  const selectWhole = db.prepare<[string], WholeAskRow>(WHOLE);
  const selectOverdue = db.prepare<[AskPlace & { now: number; limit: number }], OpenAskRow>(
    `${OPEN} AND k.due_at <= :now AND (k.due_at, k.message_pk) > (:due_at, :message_pk)
       AND (k.due_at + k.answer_within_ms <= :now OR (k.nudged_at IS NULL AND d.state <> 'held'))
     ORDER BY k.due_at, k.message_pk LIMIT :limit`,
  );
  const setNudged = db.prepare<[number, number]>(`UPDATE ask SET nudged_at = ? WHERE message_pk = ?`);
  const reopen = db.prepare<[number, number]>(
    `UPDATE ask SET closed_at = NULL, nudged_at = NULL, waived_at = NULL, due_at = ? + answer_within_ms
     WHERE message_pk = ? AND reply_pk IS NULL
       AND asker_pk IN (SELECT pk FROM agent WHERE removed_at IS NULL)`,
  );
  const giveUpOf = db.prepare<[number, number]>(
    `UPDATE ask SET closed_at = ? WHERE asker_pk = ? AND closed_at IS NULL`,
  );
  const giveUp = db.prepare<[number, number]>(`UPDATE ask SET closed_at = ? WHERE message_pk = ?`);
  const waive = db.prepare<[{ now: number; pk: number }]>(
    `UPDATE ask SET closed_at = :now, waived_at = :now WHERE message_pk = :pk`,
  );

  return {
    open: (messagePk: number, askerPk: number, debtorPk: number, answerWithinMs: number) =>
      insert.run(messagePk, askerPk, debtorPk, answerWithinMs, clock.now() + answerWithinMs),
    /** The debtor has answered the asker; a late answer counts too, one that went to somebody else does not. */
    answered: (answer: { asked: MessageId; debtor: number; asker: number; reply: number }) =>
      close.run({ ...answer, now: clock.now() }),
    one: (asked: MessageId) => selectOne.get(asked),
    whole: (asked: MessageId) => selectWhole.get(asked),
    /** A piece between two yields; what was answered meanwhile is left out. */
    *list(side: "owed" | "waiting", agent: AgentId | undefined, limit: number): Generator<undefined, OpenAsk[]> {
      const found =
        agent === undefined
          ? selectAll.all({ limit })
          : (side === "owed" ? selectOwed : selectWaiting).all({ agent, limit });
      const places = found.map(({ pk }) => pk);
      return yield* inPieces(
        places,
        (pk) => selectOpen.get(pk),
        (row) => openAskOf(row, clock.now()),
      );
    },
    /** What is overdue behind a place, in the order of being due. */
    overdue: (limit: number, { due_at, message_pk }: AskPlace = { due_at: 0, message_pk: 0 }) =>
      selectOverdue.all({ due_at, message_pk, now: clock.now(), limit }),
    setNudged: (messagePk: number) => setNudged.run(clock.now(), messagePk),
    /** The question is put back into its inbox: it is owed anew. */
    reopen: (messagePk: number) => reopen.run(clock.now(), messagePk),
    /** The asker has left: nothing is owed to it. */
    giveUpOf: (askerPk: number) => giveUpOf.run(clock.now(), askerPk),
    giveUp: (messagePk: number) => giveUp.run(clock.now(), messagePk),
    /** Somebody who may say so says that nobody owes it. */
    waive: (messagePk: number) => waive.run({ now: clock.now(), pk: messagePk }),
  };
}
