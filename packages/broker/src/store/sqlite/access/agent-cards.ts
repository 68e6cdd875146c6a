/** SQL of agent cards. */
import type { AgentCardRecord, AgentCardToKeep } from "../../../mesh/store.ts";
import { type AgentCardRow, agentCardRecord } from "../../shared/access/agent-cards.ts";
import type { EngineContext } from "../context.ts";

/** The statements on agent cards. */
export function agentCardStatements({ db, clock }: EngineContext) {
  const put = db.prepare<[number, string, string, number]>(
    `INSERT OR REPLACE INTO agent_card (agent_pk, description, skills, set_at) VALUES (?, ?, ?, ?)`,
  );
  const selectOne = db.prepare<[number], AgentCardRow>(
    `SELECT description, skills, set_at FROM agent_card WHERE agent_pk = ?`,
  );
  const remove = db.prepare<[number]>(`DELETE FROM agent_card WHERE agent_pk = ?`);

  return {
    put: (agentPk: number, { description, skills }: AgentCardToKeep) =>
      put.run(agentPk, description, JSON.stringify(skills), clock.now()),
    of(agentPk: number): AgentCardRecord | undefined {
      const row = selectOne.get(agentPk);
      return row && agentCardRecord(row);
    },
    /** False when there was none. */
    removeOf: (agentPk: number): boolean => remove.run(agentPk).changes > 0,
  };
}
