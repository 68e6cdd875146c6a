/** SQL of the names that agents had before: each leads to its agent until another agent takes it. */
import type { EngineContext } from "../context.ts";

/** The statements on former names. */
export function formerNameStatements({ db }: EngineContext) {
  return {
    put: (name: string, agentPk: number) =>
      db.run(
        `INSERT INTO former_name (name, agent_pk) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET agent_pk = excluded.agent_pk`,
        [name, agentPk],
      ),
    /** An agent has this name now. */
    drop: (name: string) => db.run(`DELETE FROM former_name WHERE name = $1`, [name]),
    dropOf: (agentPk: number) => db.run(`DELETE FROM former_name WHERE agent_pk = $1`, [agentPk]),
  };
}
