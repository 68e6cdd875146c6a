/** SQL of sessions. */
import type { AgentId, PushPath, SessionId } from "@agentmesh/protocol";
import type { EngineContext } from "./context.ts";

/** The statements on sessions. */
export function sessionStatements({ db, clock }: EngineContext) {
  const insert = db.prepare<[string, number, number, number, string]>(
    `INSERT INTO session (id, agent_pk, opened_at, seen_at, push_paths) VALUES (?, ?, ?, ?, ?)`,
  );
  const touch = db.prepare<[number, string | null, string, string]>(
    `UPDATE session SET seen_at = ?, push_paths = COALESCE(?, push_paths)
     WHERE id = ? AND agent_pk = (SELECT pk FROM agent WHERE id = ?)`,
  );
  const remove = db.prepare<[string, string], { agent_pk: number; seen_at: number }>(
    `DELETE FROM session WHERE id = ? AND agent_pk = (SELECT pk FROM agent WHERE id = ?) RETURNING agent_pk, seen_at`,
  );
  const selectOne = db.prepare<[string], { id: string }>(`SELECT id FROM session WHERE id = ?`);
  const rememberSeen = db.prepare<[number, number]>(`UPDATE agent SET last_seen_at = ? WHERE pk = ?`);
  const selectOver = db.prepare<[number], { id: SessionId; agent_id: AgentId }>(
    `SELECT s.id, a.id AS agent_id FROM session s JOIN agent a ON a.pk = s.agent_pk WHERE s.seen_at <= ? LIMIT 500`,
  );
  const age = db.prepare<[number, string]>(`UPDATE session SET seen_at = MIN(seen_at, ?) WHERE id = ?`);
  const removeAllOf = db.prepare<[number]>(`DELETE FROM session WHERE agent_pk = ?`);

  return {
    open: (id: SessionId, agentPk: number, pushPaths: PushPath[]) =>
      insert.run(id, agentPk, clock.now(), clock.now(), JSON.stringify(pushPaths)),
    touch: (id: SessionId, agentId: AgentId, pushPaths: PushPath[] | undefined): boolean =>
      touch.run(clock.now(), pushPaths ? JSON.stringify(pushPaths) : null, id, agentId).changes === 1,
    /** Removes a session of this agent; false when there is none. */
    end(id: SessionId, agentId: AgentId): boolean {
      const ended = remove.get(id, agentId);
      if (ended) rememberSeen.run(ended.seen_at, ended.agent_pk);
      return ended !== undefined;
    },
    has: (id: SessionId): boolean => selectOne.get(id) !== undefined,
    over: (offlineAfterMs: number) => selectOver.all(clock.now() - offlineAfterMs),
    doubt: (id: SessionId, ageMs: number) => age.run(clock.now() - ageMs, id),
    removeAllOf: (agentPk: number) => removeAllOf.run(agentPk),
  };
}
