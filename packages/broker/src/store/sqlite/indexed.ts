/** SQL of the index of words, which follows the messages. */
import type { EngineContext } from "./context.ts";

/** The messages behind those whose words are indexed, in the order of acceptance. */
export const UNINDEXED = `
  SELECT m.pk, m.body FROM message m WHERE m.pk > (SELECT until_pk FROM indexed) ORDER BY m.pk LIMIT ?`;

/** The statements on the index. */
export function indexedStatements({ db }: EngineContext) {
  const selectBehind = db.prepare<[number], { pk: number; body: string }>(UNINDEXED);
  const insert = db.prepare<[number, string]>(`INSERT INTO message_text (rowid, body) VALUES (?, ?)`);
  const setUntil = db.prepare<[number]>(`UPDATE indexed SET until_pk = ?`);
  return {
    behind: (limit: number) => selectBehind.all(limit),
    add: (pk: number, body: string) => insert.run(pk, body),
    /** Notes up to which message the words are indexed. */
    setUntil: (pk: number) => setUntil.run(pk),
  };
}
