/** SQL of ids by their beginning: a range of the index that each id has. */
import { type AgentId, MAX_IDS_LOOKED_AT, type MachineId } from "@agentmesh/protocol";
import type { Viewer } from "../../../mesh/store.ts";
import { MOST_LIKE, tooManyLike, WHOLE_ID } from "../../shared/short-ids.ts";
import type { EngineContext } from "../context.ts";

const MINE = `($3::TEXT IS NULL OR m.sender_pk = (SELECT pk FROM agent WHERE id = $3)
    OR EXISTS (SELECT 1 FROM delivery o
               WHERE o.agent_pk = (SELECT pk FROM agent WHERE id = $3) AND o.message_pk = m.pk))`;

/** What begins so, as far as its viewer, the third value, may see it; NULL sees all. */
const LIKE = {
  agt: `SELECT a.id FROM agent a WHERE a.id >= $1 AND a.id < $2 AND a.removed_at IS NULL AND $3::TEXT IS NULL
    ORDER BY a.id LIMIT ${MOST_LIKE}`,
  msg: `SELECT m.id FROM message m WHERE m.id >= $1 AND m.id < $2 AND ${MINE} ORDER BY m.id LIMIT ${MOST_LIKE}`,
  dlv: `SELECT d.id FROM delivery d JOIN message m ON m.pk = d.message_pk
    WHERE d.id >= $1 AND d.id < $2
      AND ($3::TEXT IS NULL OR m.sender_pk = (SELECT pk FROM agent WHERE id = $3)
        OR d.agent_pk = (SELECT pk FROM agent WHERE id = $3))
    ORDER BY d.id LIMIT ${MOST_LIKE}`,
  thr: `SELECT DISTINCT m.thread_id AS id FROM message m
    WHERE m.thread_id >= $1 AND m.thread_id < $2 AND ${MINE} ORDER BY m.thread_id LIMIT ${MOST_LIKE}`,
} as const;

/** Somebody of a machine to whom a delivery goes, or from whom it comes; who sent a message, or got it. */
const PARTIES = {
  dlv: `SELECT d.id, CASE WHEN r.machine_pk = own.pk AND r.removed_at IS NULL THEN r.id ELSE s.id END AS agent
    FROM machine own JOIN delivery d ON d.id >= $1 AND d.id < $2
      JOIN message m ON m.pk = d.message_pk JOIN agent r ON r.pk = d.agent_pk JOIN agent s ON s.pk = m.sender_pk
    WHERE own.id = $3
      AND ((r.machine_pk = own.pk AND r.removed_at IS NULL) OR (s.machine_pk = own.pk AND s.removed_at IS NULL))
    ORDER BY d.id LIMIT ${MOST_LIKE}`,
  msg: `SELECT q.id, q.agent FROM (
      SELECT m.id, COALESCE(
        (SELECT s.id FROM agent s WHERE s.pk = m.sender_pk AND s.machine_pk = own.pk AND s.removed_at IS NULL),
        (SELECT r.id FROM delivery d JOIN agent r ON r.pk = d.agent_pk
         WHERE d.message_pk = m.pk AND r.machine_pk = own.pk AND r.removed_at IS NULL ORDER BY r.pk LIMIT 1)) AS agent
      FROM machine own JOIN message m ON m.id >= $1 AND m.id < $2 WHERE own.id = $3) q
    WHERE q.agent IS NOT NULL ORDER BY q.id LIMIT ${MOST_LIKE}`,
} as const;

/** How many ids begin so, whoever may see them, as far as they are counted; and how many deliveries messages have. */
const CROWD = {
  msg: `SELECT COUNT(*) AS n FROM (SELECT 1 FROM message WHERE id >= $1 AND id < $2 LIMIT $3) q`,
  dlv: `SELECT COUNT(*) AS n FROM (SELECT 1 FROM delivery WHERE id >= $1 AND id < $2 LIMIT $3) q`,
  thr: `SELECT COUNT(*) AS n FROM (SELECT 1 FROM message WHERE thread_id >= $1 AND thread_id < $2 LIMIT $3) q`,
  deliveries: `SELECT COUNT(*) AS n FROM (SELECT 1 FROM message m JOIN delivery d ON d.message_pk = m.pk
    WHERE m.id >= $1 AND m.id < $2 LIMIT $3) q`,
} as const;

/** The statements on beginnings of ids. */
export function shortIdStatements({ db }: EngineContext) {
  /** Whose own they are is looked up one after the other. @throws MeshError invalid_request when there are too many for that */
  const refuseCrowd = async (beginning: string, below: string, counted: keyof typeof CROWD): Promise<void> => {
    const row = await db.get<{ n: number }>(CROWD[counted], [beginning, below, MAX_IDS_LOOKED_AT + 1]);
    if ((row?.n ?? 0) > MAX_IDS_LOOKED_AT) throw tooManyLike(beginning);
  };

  return {
    /** The same of deliveries and messages for a machine, each with the agent of it that has to do with it. */
    async ofMachine(
      machine: MachineId,
      beginning: string,
    ): Promise<{ readonly id: string; readonly agent: AgentId }[]> {
      const below = `${beginning}g`;
      const kind = kindOf(PARTIES, beginning);
      if (!kind) return [];
      const isWhole = kind === "msg" && beginning.length === WHOLE_ID;
      if (!isWhole) await refuseCrowd(beginning, below, kind === "msg" ? "deliveries" : kind);
      return db.all(PARTIES[kind], [beginning, below, machine]);
    },
    /** Ids that begin so, at most six. Digits are hexadecimal: whatever begins so is below its beginning and a `g`. */
    async like(beginning: string, viewer: Viewer): Promise<string[]> {
      const below = `${beginning}g`;
      const kind = kindOf(LIKE, beginning);
      if (!kind) return [];
      if (viewer !== undefined && kind !== "agt") await refuseCrowd(beginning, below, kind);
      const found = await db.all<{ id: string }>(LIKE[kind], [beginning, below, viewer ?? null]);
      return found.map(({ id }) => id);
    },
  };
}

function kindOf<K extends string>(statements: Readonly<Record<K, string>>, beginning: string): K | undefined {
  const prefix = beginning.slice(0, 3);
  const isKind = (each: string): each is K => each === prefix && Object.hasOwn(statements, each);
  return isKind(prefix) ? prefix : undefined;
}
