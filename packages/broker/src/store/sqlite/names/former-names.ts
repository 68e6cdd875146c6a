/** SQL of the names that agents had before: each leads to its agent until another agent takes it. */
import type { EngineContext } from "../context.ts";

/** The statements on former names. */
export function formerNameStatements({ db }: EngineContext) {
  const put = db.prepare<[string, number]>(
    `INSERT INTO former_name (name, agent_pk) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET agent_pk = excluded.agent_pk`,
  );
  const drop = db.prepare<[string]>(`DELETE FROM former_name WHERE name = ?`);
  const dropOf = db.prepare<[number]>(`DELETE FROM former_name WHERE agent_pk = ?`);

  return {
    put: (name: string, agentPk: number) => put.run(name, agentPk),
    /** An agent has this name now. */
    drop: (name: string) => drop.run(name),
    dropOf: (agentPk: number) => dropOf.run(agentPk),
  };
}
