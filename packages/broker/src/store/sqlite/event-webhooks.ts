/** SQL of event webhooks. */
import type { EventWebhookQuota, EventWebhookToPut } from "../../mesh/store.ts";
import { EVENT_WEBHOOK, type EventWebhookRow } from "../shared/rows/event-webhooks.ts";
import type { EngineContext } from "./context.ts";

/** The statements on event webhooks. */
export function eventWebhookStatements({ db, clock }: EngineContext) {
  const dropEnded = db.prepare<[number]>(`DELETE FROM event_webhook WHERE ends_at <= ?`);
  const renew = db.prepare<[string, number, string]>(`UPDATE event_webhook SET sealed = ?, ends_at = ? WHERE id = ?`);
  const count = db.prepare<[number], { of_agent: number; of_all: number }>(
    `SELECT COALESCE(SUM(agent_pk = ?), 0) AS of_agent, COUNT(*) AS of_all FROM event_webhook`,
  );
  const insert = db.prepare<[string, number, string, string, number]>(
    `INSERT INTO event_webhook (id, agent_pk, sealed, cursor, ends_at) VALUES (?, ?, ?, ?, ?)`,
  );
  const selectOne = db.prepare<[string], EventWebhookRow>(`${EVENT_WEBHOOK} WHERE w.id = ?`);
  const selectAll = db.prepare<[number], EventWebhookRow>(`${EVENT_WEBHOOK} WHERE w.ends_at > ? ORDER BY w.id`);
  const move = db.prepare<[string, string]>(`UPDATE event_webhook SET cursor = ? WHERE id = ?`);
  const end = db.prepare<[string, number]>(`DELETE FROM event_webhook WHERE id = ? AND agent_pk = ?`);
  const endAll = db.prepare<[number]>(`DELETE FROM event_webhook WHERE agent_pk = ?`);

  return {
    put(agentPk: number, webhook: EventWebhookToPut, quota: EventWebhookQuota): EventWebhookRow | undefined {
      const { id, sealed, cursor, endsAt } = webhook;
      dropEnded.run(clock.now());
      if (renew.run(sealed, endsAt, id).changes === 0) {
        const { of_agent, of_all } = count.get(agentPk) ?? { of_agent: 0, of_all: 0 };
        if (of_agent >= quota.ofAgent || of_all >= quota.ofAll) return undefined;
        insert.run(id, agentPk, sealed, cursor, endsAt);
      }
      return selectOne.get(id);
    },
    all: () => selectAll.all(clock.now()),
    move: (id: string, cursor: string) => move.run(cursor, id),
    end: (agentPk: number, id: string) => end.run(id, agentPk).changes === 1,
    removeOf: (agentPk: number) => endAll.run(agentPk),
  };
}
