/** SQL of what an agent asks of others: its focus and its policy. */
import type { AgentId } from "@agentmesh/protocol";
import { timestamp } from "../../../mesh/clock.ts";
import type { FocusTerms, PolicyRules } from "../../../mesh/store.ts";
import { focusOf, type PartyRow, policyOf } from "../../shared/rows/agents.ts";
import type { EngineContext } from "../context.ts";

/** The statements on them. */
export function settingStatements({ db, now, happened }: EngineContext) {
  return {
    /** Begins a focus; without terms, ends it. */
    async setFocus(before: PartyRow, focus: FocusTerms | undefined): Promise<void> {
      const { pk } = before;
      const put = (until: number | null, allows: string | null, reason: string | null) =>
        db.run(`UPDATE agent SET focus_until = $1, focus_allows = $2, focus_reason = $3 WHERE pk = $4`, [
          ...[until, allows, reason, pk],
        ]);
      if (!focus) {
        await put(null, null, null);
        if (focusOf(before, now)) await happened(pk, "agent.focus", {});
        return;
      }
      const { forMs, allows, reason } = focus;
      const until = now + forMs;
      await put(until, allows, reason ?? null);
      const told = { until: timestamp(until), allows, ...(reason !== undefined && { reason }) };
      await happened(pk, "agent.focus", { focus: told });
    },
    focusEnded: (after: number, until: number) =>
      db.all<{ id: AgentId }>(
        `SELECT id FROM agent WHERE focus_until IS NOT NULL AND focus_until > $1 AND focus_until <= $2`,
        [after, until],
      ),
    policy: async (pk: number): Promise<PolicyRules | undefined> =>
      policyOf((await db.get<{ policy: string | null }>(`SELECT policy FROM agent WHERE pk = $1`, [pk]))?.policy),
    async setPolicy(pk: number, rules: PolicyRules): Promise<void> {
      await db.run(`UPDATE agent SET policy = $1 WHERE pk = $2`, [JSON.stringify(rules), pk]);
      await happened(pk, "policy.set", {});
    },
  };
}
