/** SQL of the names of agents that are there: what stands near a text in their order, and which of many are taken. */
import type { EngineContext } from "../context.ts";

/** The statements, each along an index and with an end. */
const NAMES = {
  ahead: `SELECT name FROM agent WHERE name >= $1 AND removed_at IS NULL AND archived_at IS NULL ORDER BY name LIMIT $2`,
  behind: `SELECT name FROM agent WHERE name < $1 AND removed_at IS NULL AND archived_at IS NULL ORDER BY name DESC LIMIT $2`,
  // '{' comes behind every letter of a name.
  word: `SELECT DISTINCT a.name FROM agent_word w JOIN agent a ON a.pk = w.agent_pk
    WHERE w.word >= $1 AND w.word < $1 || '{' ORDER BY a.name LIMIT $2`,
  among: `SELECT name FROM agent WHERE name = ANY ($1::TEXT[]) AND removed_at IS NULL AND archived_at IS NULL`,
} as const;

/** The statements on names. */
export function nameStatements({ db }: EngineContext) {
  const way = async (sql: string, text: string, limit: number) =>
    (await db.all<{ name: string }>(sql, [text, limit])).map(({ name }) => name);

  return {
    around: async (text: string, limit: number): Promise<string[]> => {
      const ahead = await way(NAMES.ahead, text, limit);
      const behind = await way(NAMES.behind, text, limit);
      return [...new Set([...ahead, ...behind, ...(await way(NAMES.word, text, limit))])];
    },
    among: async (names: readonly string[]): Promise<string[]> =>
      (await db.all<{ name: string }>(NAMES.among, [names])).map(({ name }) => name),
  };
}
