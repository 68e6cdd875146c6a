/** SQL of event webhooks. */
import type { EventWebhookQuota, EventWebhookToPut } from "../../mesh/store.ts";
import { EVENT_WEBHOOK, type EventWebhookRow } from "../shared/rows/event-webhooks.ts";
import type { EngineContext } from "./context.ts";

/** The statements on event webhooks. */
export function eventWebhookStatements({ db, now }: EngineContext) {
  return {
    async put(
      agentPk: number,
      { id, sealed, cursor, endsAt }: EventWebhookToPut,
      { ofAgent, ofAll }: EventWebhookQuota,
    ): Promise<EventWebhookRow | undefined> {
      await db.run(`DELETE FROM event_webhook WHERE ends_at <= $1`, [now]);
      const isRenewed = await db.run(`UPDATE event_webhook SET sealed = $1, ends_at = $2 WHERE id = $3`, [
        ...[sealed, endsAt, id],
      ]);
      if (isRenewed === 0) {
        // As many as may be, give or take those that are set at the same moment.
        await db.run(
          `INSERT INTO event_webhook (id, agent_pk, sealed, cursor, ends_at)
           SELECT $1, $2, $3, $4, $5
           WHERE (SELECT COUNT(*) FROM event_webhook WHERE agent_pk = $2) < $6
             AND (SELECT COUNT(*) FROM event_webhook) < $7`,
          [id, agentPk, sealed, cursor, endsAt, ofAgent, ofAll],
        );
      }
      return db.get<EventWebhookRow>(`${EVENT_WEBHOOK} WHERE w.id = $1`, [id]);
    },
    all: () => db.all<EventWebhookRow>(`${EVENT_WEBHOOK} WHERE w.ends_at > $1 ORDER BY w.id`, [now]),
    move: (id: string, cursor: string) => db.run(`UPDATE event_webhook SET cursor = $1 WHERE id = $2`, [cursor, id]),
    end: async (agentPk: number, id: string) =>
      (await db.run(`DELETE FROM event_webhook WHERE id = $1 AND agent_pk = $2`, [id, agentPk])) === 1,
    removeOf: (agentPk: number) => db.run(`DELETE FROM event_webhook WHERE agent_pk = $1`, [agentPk]),
  };
}
