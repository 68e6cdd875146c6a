/** SQL of webhooks. */
import type { AgentId, WebhookState } from "@agentmesh/protocol";
import { timestamp } from "../../mesh/clock.ts";
import type { EngineContext } from "./context.ts";

/** A webhook with its agent. */
export interface WebhookRow {
  readonly agent_id: AgentId;
  readonly sealed: string;
  readonly set_at: number;
  readonly failures: number;
  readonly proven_at: number | null;
  readonly failed_at: number | null;
  readonly failed_why: string | null;
  readonly rests_until: number | null;
  readonly disabled: number;
}

const WEBHOOK = `
  SELECT a.id AS agent_id, w.sealed, w.set_at, w.failures, w.proven_at, w.failed_at, w.failed_why, w.rests_until, w.disabled
  FROM webhook w JOIN agent a ON a.pk = w.agent_pk`;

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

  /** What a note changes is told when the state is another by it; of a webhook that is gone there is nothing to tell. */
  const note = (agentPk: number, change: () => unknown): void => {
    const before = selectOne.get(agentPk);
    change();
    const now = selectOne.get(agentPk);
    if (!before || !now || stateOf(before) === stateOf(now)) return;
    const { failed_why: why, rests_until: until } = now;
    const state = stateOf(now);
    if (state === "resting") {
      happened(agentPk, "webhook.resting", { why: why ?? "", until: timestamp(until ?? clock.now()) });
    } else if (state === "working") happened(agentPk, "webhook.working", {});
    else if (state !== "untried") happened(agentPk, `webhook.${state}`, { why: why ?? "" });
  };

  return {
    put(agentPk: number, sealed: string): void {
      put.run(agentPk, sealed, clock.now());
      happened(agentPk, "webhook.set", {});
    },
    reseal(agentPk: number, sealed: string): void {
      if (reseal.run(sealed, agentPk).changes === 1) happened(agentPk, "webhook.rotated", {});
    },
    remove(agentPk: number): boolean {
      const isRemoved = remove.run(agentPk).changes === 1;
      if (isRemoved) happened(agentPk, "webhook.removed", {});
      return isRemoved;
    },
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

/** How a webhook does, as its row says. */
function stateOf(row: WebhookRow): WebhookState {
  if (row.disabled === 1) return "disabled";
  if (row.rests_until !== null) return "resting";
  if (row.failed_why !== null) return "failing";
  return row.proven_at === null ? "untried" : "working";
}
