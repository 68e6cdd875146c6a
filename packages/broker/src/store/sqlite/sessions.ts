/** SQL of sessions. */
import type { AgentId, PushPath, SessionId } from "@agentmesh/protocol";
import type { DoubtWhy } from "../../mesh/store.ts";
import type { EngineContext } from "./context.ts";

/** How old the last proof may be when another comes, in milliseconds: an ack must not cost a write more each time. */
const PROVEN_WITHIN_MS = 60_000;

/** One whose heartbeat is still to come: no doubt makes that older. */
export const AHEAD = `SELECT id FROM session WHERE beat_at > ? LIMIT 1`;

/** Those were heard of now; one that is doubted stays as old as the doubt says. */
export const SET_BACK = `UPDATE session SET seen_at = MIN(seen_at, :now), beat_at = :now WHERE beat_at > :now`;

/** A session that leases, and how many deliveries it holds of its stream. */
export const HOLDER = `
  SELECT s.silent, (SELECT COUNT(*) FROM delivery d
                    WHERE d.session_id = s.id AND d.state = 'leased' AND d.stream_position IS NOT NULL) AS streamed
  FROM session s WHERE s.id = ?`;

/** The statements on sessions. */
export function sessionStatements({ db, clock }: EngineContext) {
  const insert = db.prepare<[{ id: string; agent: number; now: number; heard: number; paths: string }]>(
    `INSERT INTO session (id, agent_pk, opened_at, seen_at, beat_at, heard, push_paths)
     VALUES (:id, :agent, :now, :now, :now, :heard, :paths)`,
  );
  const touch = db.prepare<[{ now: number; paths: string | null; id: string; agent: string }]>(
    `UPDATE session SET seen_at = :now, beat_at = :now, doubted_at = NULL, doubted_why = NULL,
       push_paths = COALESCE(:paths, push_paths)
     WHERE id = :id AND agent_pk = (SELECT pk FROM agent WHERE id = :agent)`,
  );
  const remove = db.prepare<[string, string], { agent_pk: number; beat_at: number }>(
    `DELETE FROM session WHERE id = ? AND agent_pk = (SELECT pk FROM agent WHERE id = ?) RETURNING agent_pk, beat_at`,
  );
  const prove = db.prepare<[{ now: number; known: number; delivery: number }]>(
    `UPDATE session SET proven_at = :now
     WHERE id = (SELECT d.session_id FROM delivery d
                 WHERE d.pk = :delivery AND d.state = 'leased' AND d.stream_position IS NOT NULL)
       AND (proven_at IS NULL OR proven_at NOT BETWEEN :known AND :now)`,
  );
  const selectOne = db.prepare<[string], { silent: number }>(`SELECT silent FROM session WHERE id = ?`);
  const selectHolder = db.prepare<[string], { silent: number; streamed: number }>(HOLDER);
  const silence = db.prepare<[string, number]>(`UPDATE session SET silent = 1 WHERE id = ? AND heard < ?`);
  const hear = db.prepare<[number, string]>(`UPDATE session SET heard = ?, silent = 0 WHERE id = ?`);
  const rememberSeen = db.prepare<[number, number]>(
    `UPDATE agent SET last_seen_at = MAX(COALESCE(last_seen_at, 0), ?) WHERE pk = ?`,
  );
  const selectOver = db.prepare<[number], { id: SessionId; agent_id: AgentId }>(
    `SELECT s.id, a.id AS agent_id FROM session s JOIN agent a ON a.pk = s.agent_pk WHERE s.seen_at <= ? LIMIT 64`,
  );
  const selectAhead = db.prepare<[number], { id: SessionId }>(AHEAD);
  const setBack = db.prepare<[{ now: number }]>(SET_BACK);
  // The first doubt stays: nothing was heard since.
  const doubted = `seen_at = MIN(seen_at, :at), doubted_why = iif(doubted_at IS NULL, :why, doubted_why),
    doubted_at = COALESCE(doubted_at, :now)`;
  const age = db.prepare<[{ at: number; now: number; why: string; id: string; agent: string }]>(
    `UPDATE session SET ${doubted} WHERE id = :id AND agent_pk = (SELECT pk FROM agent WHERE id = :agent)`,
  );
  const ageAll = db.prepare<[{ at: number; now: number; why: string }]>(`UPDATE session SET ${doubted}`);
  const removeAllOf = db.prepare<[number]>(`DELETE FROM session WHERE agent_pk = ?`);

  return {
    open: (id: SessionId, agentPk: number, pushPaths: PushPath[], position: number) =>
      insert.run({ id, agent: agentPk, now: clock.now(), heard: position, paths: JSON.stringify(pushPaths) }),
    touch: (id: SessionId, agentId: AgentId, pushPaths: PushPath[] | undefined): boolean =>
      touch.run({ now: clock.now(), paths: pushPaths ? JSON.stringify(pushPaths) : null, id, agent: agentId })
        .changes === 1,
    /** Removes a session of this agent; false when there is none. */
    end(id: SessionId, agentId: AgentId): boolean {
      const ended = remove.get(id, agentId);
      if (ended) rememberSeen.run(ended.beat_at, ended.agent_pk);
      return ended !== undefined;
    },
    has: (id: SessionId): boolean => selectOne.get(id) !== undefined,
    /** What a lease needs to know of the session it is for; undefined when that is over. */
    holder(id: SessionId): { readonly silent: boolean; readonly streamed: number } | undefined {
      const row = selectHolder.get(id);
      return row && { silent: row.silent === 1, streamed: row.streamed };
    },
    /** Takes a session for silent whose lease ran out, unless it was heard of after the position where that began. */
    silence: (id: string, position: number) => silence.run(id, position),
    /** Notes a sign of a session at a position of the timeline; true when it had been silent. */
    hear(id: string, position: number): boolean {
      const before = selectOne.get(id);
      if (before) hear.run(position, id);
      return before?.silent === 1;
    },
    /** Whether one was heard of at a time that is still to come, since the clock was set back. */
    isAnyAhead: (): boolean => selectAhead.get(clock.now()) !== undefined,
    /** Lets these age from now on: a dead one is not to be called online until the clock has caught up. */
    setBack: () => setBack.run({ now: clock.now() }),
    over: (offlineAfterMs: number) => selectOver.all(clock.now() - offlineAfterMs),
    doubt(session: { readonly id: SessionId; readonly agentId: AgentId } | "all", ageMs: number, why: DoubtWhy): void {
      const terms = { at: clock.now() - ageMs, now: clock.now(), why };
      if (session === "all") ageAll.run(terms);
      else age.run({ ...terms, id: session.id, agent: session.agentId });
    },
    /** Notes that the stream of the session that holds a delivery works, if that came through it. */
    prove({ pk, session_id: holder }: { readonly pk: number; readonly session_id: string | null }): void {
      if (holder !== null) prove.run({ now: clock.now(), known: clock.now() - PROVEN_WITHIN_MS, delivery: pk });
    },
    removeAllOf: (agentPk: number) => removeAllOf.run(agentPk),
  };
}
