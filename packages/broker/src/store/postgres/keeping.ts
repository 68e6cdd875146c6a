/** SQL of what is kept: the counts that triggers hold; of all it is their sum. */
import type { Count } from "../shared/quota.ts";
import type { EngineContext } from "./context.ts";

/** The statements on what is kept. */
export function keepingStatements({ db }: EngineContext) {
  return {
    of: async (agentPk: number): Promise<Count> =>
      (await db.get<Count>(`SELECT messages, bytes FROM keeping WHERE agent_pk = $1`, [agentPk])) ?? {
        messages: 0,
        bytes: 0,
      },
    all: async (): Promise<Count> =>
      (await db.get<Count>(
        `SELECT COALESCE(SUM(messages), 0)::BIGINT AS messages, COALESCE(SUM(bytes), 0)::BIGINT AS bytes FROM keeping`,
      )) ?? { messages: 0, bytes: 0 },
  };
}
