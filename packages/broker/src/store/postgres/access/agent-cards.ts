/** SQL of agent cards. */
import type { AgentCardRecord, AgentCardToKeep } from "../../../mesh/store.ts";
import { type AgentCardRow, agentCardRecord } from "../../shared/access/agent-cards.ts";
import type { EngineContext } from "../context.ts";

/** The statements on agent cards. */
export function agentCardStatements({ db, now }: EngineContext) {
  return {
    put: (agentPk: number, { description, skills }: AgentCardToKeep) =>
      db.run(
        `INSERT INTO agent_card (agent_pk, description, skills, set_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (agent_pk) DO UPDATE SET description = excluded.description, skills = excluded.skills,
           set_at = excluded.set_at`,
        [agentPk, description, JSON.stringify(skills), now],
      ),
    async of(agentPk: number): Promise<AgentCardRecord | undefined> {
      const row = await db.get<AgentCardRow>(`SELECT description, skills, set_at FROM agent_card WHERE agent_pk = $1`, [
        agentPk,
      ]);
      return row && agentCardRecord(row);
    },
    /** False when there was none. */
    removeOf: async (agentPk: number): Promise<boolean> =>
      (await db.run(`DELETE FROM agent_card WHERE agent_pk = $1`, [agentPk])) > 0,
  };
}
