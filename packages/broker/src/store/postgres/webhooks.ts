/** SQL of webhooks, and of the tasks that they follow. */
import type { TaskToFollow } from "../../mesh/store.ts";
import { FOLLOWED, type FollowedRow, WEBHOOK, type WebhookRow, webhookChange } from "../shared/rows/webhooks.ts";
import type { EngineContext } from "./context.ts";

/** The statements on webhooks. */
export function webhookStatements({ db, now, happened }: EngineContext) {
  const one = (agentPk: number) => db.get<WebhookRow>(`${WEBHOOK} WHERE w.agent_pk = $1`, [agentPk]);

  const note = async (agentPk: number, change: () => Promise<unknown>): Promise<void> => {
    const before = await one(agentPk);
    await change();
    const told = webhookChange(before, await one(agentPk), now);
    if (told) await happened(agentPk, told.type, told.facts);
  };

  const unfollowAll = (agentPk: number) => db.run(`DELETE FROM followed WHERE agent_pk = $1`, [agentPk]);

  return {
    async put(agentPk: number, sealed: string): Promise<void> {
      await unfollowAll(agentPk);
      await db.run(
        `INSERT INTO webhook (agent_pk, sealed, set_at) VALUES ($1, $2, $3)
         ON CONFLICT (agent_pk) DO UPDATE SET sealed = excluded.sealed, set_at = excluded.set_at, failures = 0,
           proven_at = NULL, failed_at = NULL, failed_why = NULL, rests_until = NULL, disabled = 0`,
        [agentPk, sealed, now],
      );
      await happened(agentPk, "webhook.set", {});
    },
    async reseal(agentPk: number, sealed: string): Promise<void> {
      const changed = await db.run(`UPDATE webhook SET sealed = $1 WHERE agent_pk = $2`, [sealed, agentPk]);
      if (changed === 1) await happened(agentPk, "webhook.rotated", {});
    },
    async remove(agentPk: number): Promise<boolean> {
      await unfollowAll(agentPk);
      const isRemoved = (await db.run(`DELETE FROM webhook WHERE agent_pk = $1`, [agentPk])) === 1;
      if (isRemoved) await happened(agentPk, "webhook.removed", {});
      return isRemoved;
    },
    follow: (agentPk: number, deliveryPk: number, { task, forMs, webhookSetAt }: TaskToFollow) =>
      db.run(
        `INSERT INTO followed (delivery_pk, agent_pk, task, ends_at)
         SELECT $1, agent_pk, $2, $3 FROM webhook WHERE agent_pk = $4 AND set_at = $5 FOR SHARE
         ON CONFLICT (delivery_pk) DO UPDATE SET task = excluded.task, ends_at = excluded.ends_at`,
        [deliveryPk, task, now + forMs, agentPk, webhookSetAt],
      ),
    followed: () => db.all<FollowedRow>(FOLLOWED),
    unfollow: (deliveryPk: number) => db.run(`DELETE FROM followed WHERE delivery_pk = $1`, [deliveryPk]),
    one,
    all: () => db.all<WebhookRow>(`${WEBHOOK} ORDER BY a.name`),
    noteTaken: (agentPk: number) =>
      note(agentPk, () =>
        db.run(
          `UPDATE webhook SET failures = 0, proven_at = $1, failed_why = NULL, rests_until = NULL, disabled = 0
           WHERE agent_pk = $2`,
          [now, agentPk],
        ),
      ),
    noteFailed: (agentPk: number, failed: { failures: number; why: string; restMs?: number; disabled: boolean }) =>
      note(agentPk, () =>
        db.run(
          `UPDATE webhook SET failures = $1, failed_at = $2, failed_why = $3, rests_until = $4, disabled = $5
           WHERE agent_pk = $6`,
          [
            failed.failures,
            now,
            failed.why,
            failed.restMs === undefined ? null : now + failed.restMs,
            failed.disabled ? 1 : 0,
            agentPk,
          ],
        ),
      ),
  };
}
