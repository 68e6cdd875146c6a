/** SQL of what is kept: the counts that triggers hold, of all their sum; and what of the history may go. */
import type { Count } from "../shared/quota.ts";
import type { KeeperRow, OldRow } from "../shared/rows/keeping.ts";
import type { EngineContext } from "./context.ts";

/** A message on the way from the oldest to the newest, and whose keeping it is. */
export type KeptRow = OldRow & { readonly sender_pk: number };

/** The statements on what is kept. */
export function keepingStatements({ db, now }: EngineContext) {
  return {
    of: async (agentPk: number): Promise<Count> =>
      (await db.get<Count>(`SELECT messages, bytes FROM keeping WHERE agent_pk = $1`, [agentPk])) ?? {
        messages: 0,
        bytes: 0,
      },
    all: async (): Promise<Count> =>
      (await db.get<Count>(
        `SELECT COALESCE(SUM(messages), 0)::BIGINT AS messages, COALESCE(SUM(bytes), 0)::BIGINT AS bytes FROM keeping`,
      )) ?? { messages: 0, bytes: 0 },
    /** The largest keepers. */
    largest: (limit: number) =>
      db.all<KeeperRow>(
        `SELECT a.id, a.name, a.removed_at, k.messages, k.bytes,
           (SELECT m.accepted_at FROM message m WHERE m.sender_pk = k.agent_pk ORDER BY m.pk LIMIT 1) AS oldest
         FROM keeping k JOIN agent a ON a.pk = k.agent_pk ORDER BY k.bytes DESC, k.agent_pk LIMIT $1`,
        [limit],
      ),
    /** Senders that keep more bytes than these, the largest first. */
    beyond: async (bytes: number): Promise<number[]> =>
      (
        await db.all<{ agent_pk: number }>(
          `SELECT agent_pk FROM keeping WHERE bytes > $1 ORDER BY bytes DESC LIMIT 100`,
          [bytes],
        )
      ).map(({ agent_pk }) => agent_pk),
    /** Messages behind a place, oldest first; of one sender, or of all. */
    old: (sender: number | undefined, edge: number, limit: number) =>
      db.all<KeptRow>(
        `SELECT m.pk, m.sender_pk, m.accepted_at,
           (NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message_pk = m.pk AND d.state IN ('queued', 'leased', 'held', 'dead'))
            AND NOT EXISTS (SELECT 1 FROM idempotency i WHERE i.message_pk = m.pk AND i.expires_at > $1)
            AND NOT EXISTS (SELECT 1 FROM publishing p WHERE p.message_pk = m.pk)
            AND NOT EXISTS (SELECT 1 FROM ask k WHERE k.message_pk = m.pk AND k.closed_at IS NULL))::INTEGER AS ended
         FROM message m WHERE ($2::BIGINT IS NULL OR m.sender_pk = $2) AND m.pk > $3 ORDER BY m.pk LIMIT $4`,
        [now, sender ?? null, edge, limit],
      ),
    /** Deletes up to `limit` deliveries of a message, and the message with the last; returns how many rows went. */
    async drop(messagePk: number, limit: number): Promise<{ readonly deliveries: number; readonly whole: boolean }> {
      const deliveries = await db.run(
        `DELETE FROM delivery WHERE pk IN (SELECT d.pk FROM delivery d WHERE d.message_pk = $1 LIMIT $2)`,
        [messagePk, limit],
      );
      const whole = await db.run(
        `DELETE FROM message WHERE pk = $1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE message_pk = $1)`,
        [messagePk],
      );
      return { deliveries, whole: whole === 1 };
    },
    /** What was let go before its time. */
    letGo: async (): Promise<{ readonly messages: number; readonly until: number | null }> =>
      (await db.get<{ messages: number; until: number | null }>(`SELECT messages, until FROM let_go`)) ?? {
        messages: 0,
        until: null,
      },
    noteLetGo: (messages: number, until: number) =>
      db.run(`UPDATE let_go SET messages = messages + $1, until = GREATEST(COALESCE(until, 0), $2)`, [messages, until]),
  };
}
