/** SQL of sessions. */
import type { AgentId, PushPath, SessionId } from "@agentmesh/protocol";
import type { EngineContext } from "./context.ts";

/** The statements on sessions. */
export function sessionStatements({ db, clock }: EngineContext) {
  const insert = db.prepare<[string, number, number, number, number, string]>(
    `INSERT INTO session (id, agent_pk, opened_at, seen_at, heard, push_paths) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const touch = db.prepare<[number, string | null, string, string]>(
    `UPDATE session SET seen_at = ?, push_paths = COALESCE(?, push_paths)
     WHERE id = ? AND agent_pk = (SELECT pk FROM agent WHERE id = ?)`,
  );
  const remove = db.prepare<[string, string], { agent_pk: number; seen_at: number }>(
    `DELETE FROM session WHERE id = ? AND agent_pk = (SELECT pk FROM agent WHERE id = ?) RETURNING agent_pk, seen_at`,
  );
  const selectOne = db.prepare<[string], { silent: number }>(`SELECT silent FROM session WHERE id = ?`);
  const silence = db.prepare<[string, number]>(`UPDATE session SET silent = 1 WHERE id = ? AND heard < ?`);
  const hear = db.prepare<[number, string]>(`UPDATE session SET heard = ?, silent = 0 WHERE id = ?`);
  const rememberSeen = db.prepare<[number, number]>(`UPDATE agent SET last_seen_at = ? WHERE pk = ?`);
  const selectOver = db.prepare<[number], { id: SessionId; agent_id: AgentId }>(
    `SELECT s.id, a.id AS agent_id FROM session s JOIN agent a ON a.pk = s.agent_pk WHERE s.seen_at <= ? LIMIT 64`,
  );
  const selectAhead = db.prepare<[number], { id: SessionId }>(`SELECT id FROM session WHERE seen_at > ? LIMIT 1`);
  const setBack = db.prepare<[{ now: number }]>(`UPDATE session SET seen_at = :now WHERE seen_at > :now`);
  const age = db.prepare<[number, string]>(`UPDATE session SET seen_at = MIN(seen_at, ?) WHERE id = ?`);
  const ageAll = db.prepare<[{ at: number }]>(`UPDATE session SET seen_at = :at WHERE seen_at > :at`);
  const removeAllOf = db.prepare<[number]>(`DELETE FROM session WHERE agent_pk = ?`);

  return {
    open: (id: SessionId, agentPk: number, pushPaths: PushPath[], position: number) =>
      insert.run(id, agentPk, clock.now(), clock.now(), position, JSON.stringify(pushPaths)),
    touch: (id: SessionId, agentId: AgentId, pushPaths: PushPath[] | undefined): boolean =>
      touch.run(clock.now(), pushPaths ? JSON.stringify(pushPaths) : null, id, agentId).changes === 1,
    /** Removes a session of this agent; false when there is none. */
    end(id: SessionId, agentId: AgentId): boolean {
      const ended = remove.get(id, agentId);
      if (ended) rememberSeen.run(ended.seen_at, ended.agent_pk);
      return ended !== undefined;
    },
    has: (id: SessionId): boolean => selectOne.get(id) !== undefined,
    isSilent: (id: SessionId): boolean => selectOne.get(id)?.silent === 1,
    /** Takes a session for silent whose lease ran out, unless it was heard of after the position where that began. */
    silence: (id: string, position: number) => silence.run(id, position),
    /** Notes a sign of a session at a position of the timeline; true when it had been silent. */
    hear(id: string, position: number): boolean {
      const before = selectOne.get(id);
      if (before) hear.run(position, id);
      return before?.silent === 1;
    },
    /** Whether one was seen at a time that is still to come, since the clock was set back. */
    isAnyAhead: (): boolean => selectAhead.get(clock.now()) !== undefined,
    /** Lets these age from now on: a dead one is not to be called online until the clock has caught up. */
    setBack: () => setBack.run({ now: clock.now() }),
    over: (offlineAfterMs: number) => selectOver.all(clock.now() - offlineAfterMs),
    doubt: (id: SessionId | "all", ageMs: number) =>
      id === "all" ? ageAll.run({ at: clock.now() - ageMs }) : age.run(clock.now() - ageMs, id),
    removeAllOf: (agentPk: number) => removeAllOf.run(agentPk),
  };
}
