/** SQL of what is kept: the counts that triggers hold, and what of the history may go. */
import type { KeeperRow, OldRow } from "../shared/rows/keeping.ts";
import type { EngineContext } from "./context.ts";

const OLD = (of: string) => `
  SELECT m.pk, m.accepted_at,
    NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message_pk = m.pk AND d.state IN ('queued', 'leased', 'held', 'dead'))
    AND NOT EXISTS (SELECT 1 FROM idempotency i WHERE i.message_pk = m.pk AND i.expires_at > :now)
    AND NOT EXISTS (SELECT 1 FROM ask k WHERE k.message_pk = m.pk AND k.closed_at IS NULL) AS ended
  FROM message m WHERE ${of} m.pk > :edge ORDER BY m.pk LIMIT :limit`;

/** Messages behind a place, oldest first: of all, or of one sender. */
export const OLDEST = { all: OLD(""), sender: OLD("m.sender_pk = :sender AND") } as const;

/** The largest keepers. */
export const LARGEST = `
  SELECT a.id, a.name, a.removed_at, k.messages, k.bytes,
    (SELECT m.accepted_at FROM message m WHERE m.sender_pk = k.agent_pk ORDER BY m.pk LIMIT 1) AS oldest
  FROM keeping k CROSS JOIN agent a ON a.pk = k.agent_pk ORDER BY k.bytes DESC LIMIT ?`;

/** The statements on what is kept. */
export function keepingStatements({ db, clock }: EngineContext) {
  const selectOf = db.prepare<[number], { messages: number; bytes: number }>(
    `SELECT messages, bytes FROM keeping WHERE agent_pk = ?`,
  );
  const selectAll = db.prepare<[], { messages: number; bytes: number; let_go: number; let_go_until: number | null }>(
    `SELECT messages, bytes, let_go, let_go_until FROM kept`,
  );
  const selectLargest = db.prepare<[number], KeeperRow>(LARGEST);
  const selectBeyond = db.prepare<[number], { agent_pk: number }>(
    `SELECT agent_pk FROM keeping WHERE bytes > ? ORDER BY bytes DESC LIMIT 100`,
  );
  const old = {
    all: db.prepare<[object], OldRow>(OLDEST.all),
    sender: db.prepare<[object], OldRow>(OLDEST.sender),
  };
  const dropDeliveries = db.prepare<[number, number]>(
    `DELETE FROM delivery WHERE pk IN (SELECT d.pk FROM delivery d WHERE d.message_pk = ? LIMIT ?)`,
  );
  const dropMessage = db.prepare<[number, number]>(
    `DELETE FROM message WHERE pk = ? AND NOT EXISTS (SELECT 1 FROM delivery WHERE message_pk = ?)`,
  );
  const noteLetGo = db.prepare<[number, number]>(
    `UPDATE kept SET let_go = let_go + ?, let_go_until = MAX(IFNULL(let_go_until, 0), ?)`,
  );

  return {
    of: (agentPk: number) => selectOf.get(agentPk) ?? { messages: 0, bytes: 0 },
    all: () => selectAll.get() ?? { messages: 0, bytes: 0, let_go: 0, let_go_until: null },
    largest: (limit: number) => selectLargest.all(limit),
    beyond: (bytes: number) => selectBeyond.all(bytes).map(({ agent_pk }) => agent_pk),
    /** Behind a place; of one sender, or of all. */
    old: (sender: number | undefined, edge: number, limit: number): OldRow[] =>
      sender === undefined
        ? old.all.all({ now: clock.now(), edge, limit })
        : old.sender.all({ now: clock.now(), edge, limit, sender }),
    /** Deletes up to `limit` deliveries of a message, and the message with the last; returns how many rows went. */
    drop(messagePk: number, limit: number): { readonly deliveries: number; readonly whole: boolean } {
      const deliveries = dropDeliveries.run(messagePk, limit).changes;
      return { deliveries, whole: dropMessage.run(messagePk, messagePk).changes === 1 };
    },
    noteLetGo: (messages: number, until: number) => noteLetGo.run(messages, until),
  };
}
