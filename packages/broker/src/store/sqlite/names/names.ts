/** SQL of the names of agents that are there: what stands near a text in their order, and which of many are taken. */
import type { EngineContext } from "../context.ts";

const PRESENT = `removed_at IS NULL AND archived_at IS NULL`;

/** The statements, each along an index and with an end. */
export const NAMES = {
  ahead: `SELECT name FROM agent WHERE name >= :text AND ${PRESENT} ORDER BY name LIMIT :limit`,
  behind: `SELECT name FROM agent WHERE name < :text AND ${PRESENT} ORDER BY name DESC LIMIT :limit`,
  // '{' comes behind every letter of a name.
  word: `SELECT DISTINCT a.name FROM agent_word w CROSS JOIN agent a ON a.pk = w.agent_pk
    WHERE w.word >= :text AND w.word < :text || '{' LIMIT :limit`,
  among: `SELECT a.name FROM json_each(:names) j CROSS JOIN agent a
    WHERE a.name = j.value AND a.removed_at IS NULL AND a.archived_at IS NULL`,
} as const;

/** The statements on names. */
export function nameStatements({ db }: Pick<EngineContext, "db">) {
  const way = (sql: string) => db.prepare<[{ text: string; limit: number }], { name: string }>(sql);
  const ways = [way(NAMES.ahead), way(NAMES.behind), way(NAMES.word)];
  const selectAmong = db.prepare<[{ names: string }], { name: string }>(NAMES.among);

  return {
    around: (text: string, limit: number): string[] => [
      ...new Set(ways.flatMap((each) => each.all({ text, limit }).map(({ name }) => name))),
    ],
    among: (names: readonly string[]): string[] =>
      selectAmong.all({ names: JSON.stringify(names) }).map(({ name }) => name),
  };
}
