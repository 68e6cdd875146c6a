/** SQL of ids by their beginning: a range of the index that each id has. */
import type { Viewer } from "../../../mesh/store.ts";
import type { EngineContext } from "../context.ts";

/** What begins so; `viewer` is NULL for whoever may see all. */
interface Terms {
  readonly from: string;
  readonly below: string;
  readonly viewer: string | null;
}

const MOST = 6;

const AGENTS = `
  SELECT a.id FROM agent a WHERE a.id >= :from AND a.id < :below AND a.removed_at IS NULL AND :viewer IS NULL
  ORDER BY a.id LIMIT ${MOST}`;

const MINE = `(:viewer IS NULL OR m.sender_pk = (SELECT pk FROM agent WHERE id = :viewer)
    OR EXISTS (SELECT 1 FROM delivery o
               WHERE o.agent_pk = (SELECT pk FROM agent WHERE id = :viewer) AND o.message_pk = m.pk))`;

const MESSAGES = `
  SELECT m.id FROM message m WHERE m.id >= :from AND m.id < :below AND ${MINE} ORDER BY m.id LIMIT ${MOST}`;

const DELIVERIES = `
  SELECT d.id FROM delivery d JOIN message m ON m.pk = d.message_pk
  WHERE d.id >= :from AND d.id < :below
    AND (:viewer IS NULL OR m.sender_pk = (SELECT pk FROM agent WHERE id = :viewer)
      OR d.agent_pk = (SELECT pk FROM agent WHERE id = :viewer))
  ORDER BY d.id LIMIT ${MOST}`;

const THREADS = `
  SELECT DISTINCT m.thread_id AS id FROM message m
  WHERE m.thread_id >= :from AND m.thread_id < :below AND ${MINE} ORDER BY m.thread_id LIMIT ${MOST}`;

/** The statements on beginnings of ids. */
export function shortIdStatements({ db }: EngineContext) {
  const statements = new Map(
    Object.entries({ agt: AGENTS, msg: MESSAGES, dlv: DELIVERIES, thr: THREADS }).map(([prefix, sql]) => [
      prefix,
      db.prepare<[Terms], { id: string }>(sql),
    ]),
  );

  return {
    /** Ids that begin so, at most six. Digits are hexadecimal: whatever begins so is below its beginning and a `g`. */
    like: (beginning: string, viewer: Viewer): string[] =>
      (statements.get(beginning.slice(0, 3)) ?? { all: () => [] })
        .all({ from: beginning, below: `${beginning}g`, viewer: viewer ?? null })
        .map(({ id }) => id),
  };
}
