/** SQL of webhooks, and of the tasks that they follow. */
import type { TaskToFollow } from "../../mesh/store.ts";
import { FOLLOWED, type FollowedRow, WEBHOOK, type WebhookRow, webhookChange } from "../shared/rows/webhooks.ts";
import type { EngineContext } from "./context.ts";

/** The statements on webhooks. */
export function webhookStatements({ db, clock, happened }: EngineContext) {
  const put = db.prepare<[number, string, number]>(
    `INSERT OR REPLACE INTO webhook (agent_pk, sealed, set_at) VALUES (?, ?, ?)`,
  );
  const reseal = db.prepare<[string, number]>(`UPDATE webhook SET sealed = ? WHERE agent_pk = ?`);
  const remove = db.prepare<[number]>(`DELETE FROM webhook WHERE agent_pk = ?`);
  const selectOne = db.prepare<[number], WebhookRow>(`${WEBHOOK} WHERE w.agent_pk = ?`);
  const selectAll = db.prepare<[], WebhookRow>(`${WEBHOOK} ORDER BY a.name`);
  const noteTaken = db.prepare<[number, number]>(
    `UPDATE webhook SET failures = 0, proven_at = ?, failed_why = NULL, rests_until = NULL, disabled = 0
     WHERE agent_pk = ?`,
  );
  const noteFailed = db.prepare<[number, number, string, number | null, number, number]>(
    `UPDATE webhook SET failures = ?, failed_at = ?, failed_why = ?, rests_until = ?, disabled = ? WHERE agent_pk = ?`,
  );

  const follow = db.prepare<[number, string, number, number, number]>(
    `INSERT OR REPLACE INTO followed (delivery_pk, agent_pk, task, ends_at)
     SELECT ?, agent_pk, ?, ? FROM webhook WHERE agent_pk = ? AND set_at = ?`,
  );
  const selectFollowed = db.prepare<[], FollowedRow>(FOLLOWED);
  const unfollow = db.prepare<[number]>(`DELETE FROM followed WHERE delivery_pk = ?`);
  const unfollowAll = db.prepare<[number]>(`DELETE FROM followed WHERE agent_pk = ?`);

  const note = (agentPk: number, change: () => unknown): void => {
    const before = selectOne.get(agentPk);
    change();
    const told = webhookChange(before, selectOne.get(agentPk), clock.now());
    if (told) happened(agentPk, told.type, told.facts);
  };

  return {
    put(agentPk: number, sealed: string): void {
      unfollowAll.run(agentPk);
      put.run(agentPk, sealed, clock.now());
      happened(agentPk, "webhook.set", {});
    },
    reseal(agentPk: number, sealed: string): void {
      if (reseal.run(sealed, agentPk).changes === 1) happened(agentPk, "webhook.rotated", {});
    },
    remove(agentPk: number): boolean {
      unfollowAll.run(agentPk);
      const isRemoved = remove.run(agentPk).changes === 1;
      if (isRemoved) happened(agentPk, "webhook.removed", {});
      return isRemoved;
    },
    follow: (agentPk: number, deliveryPk: number, { task, forMs, webhookSetAt }: TaskToFollow) =>
      follow.run(deliveryPk, task, clock.now() + forMs, agentPk, webhookSetAt),
    followed: () => selectFollowed.all(),
    unfollow: (deliveryPk: number) => unfollow.run(deliveryPk),
    one: (agentPk: number) => selectOne.get(agentPk),
    all: () => selectAll.all(),
    noteTaken: (agentPk: number) => note(agentPk, () => noteTaken.run(clock.now(), agentPk)),
    noteFailed: (agentPk: number, failed: { failures: number; why: string; restMs?: number; disabled: boolean }) => {
      const restsUntil = failed.restMs === undefined ? null : clock.now() + failed.restMs;
      const { failures, why, disabled } = failed;
      note(agentPk, () => noteFailed.run(failures, clock.now(), why, restsUntil, disabled ? 1 : 0, agentPk));
    },
  };
}
