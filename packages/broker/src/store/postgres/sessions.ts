/** SQL of sessions: their rows are the truth, whichever broker they talk to. */
import type { AgentId, EventFacts, PushPath, SessionId } from "@agentmesh/protocol";
import type { DoubtWhy } from "../../mesh/store.ts";
import { pathsOf } from "../shared/rows/agents.ts";
import { type Session, type SessionRow, sessionOf } from "../shared/rows/sessions.ts";
import type { EngineContext } from "./context.ts";
import { tellPaths } from "./events/push-paths.ts";

/** How old the last proof may be when another comes, in milliseconds: an ack must not cost a write more each time. */
const PROVEN_WITHIN_MS = 60_000;

/** Whether what a stream proves is known. */
export function isProven(provenAt: number | null | undefined, now: number): boolean {
  return typeof provenAt === "number" && provenAt <= now && provenAt >= now - PROVEN_WITHIN_MS;
}

const SESSION = `
  SELECT s.id, a.id AS agent_id, s.agent_pk, s.seen_at, s.beat_at, s.heard, s.silent, s.doubted_at, s.doubted_why,
    s.push_paths, s.proven_at
  FROM session s JOIN agent a ON a.pk = s.agent_pk`;

/** The statements on sessions. */
export function sessionStatements({ db, now, happened, numbers, seat, hints }: EngineContext) {
  const one = async (id: string): Promise<Session | undefined> => {
    const row = await db.get<SessionRow>(`${SESSION} WHERE s.id = $1`, [id]);
    return row && sessionOf(row);
  };
  /** The same, held until this act ends. */
  const held = async (id: string): Promise<Session | undefined> => {
    const row = await db.get<SessionRow>(`${SESSION} WHERE s.id = $1 FOR NO KEY UPDATE OF s`, [id]);
    return row && sessionOf(row);
  };
  const own = async (id: SessionId, agentId: AgentId): Promise<Session | undefined> => {
    const session = await held(id);
    return session?.agentId === agentId ? session : undefined;
  };

  return {
    one,
    async open(id: SessionId, agentPk: number, pushPaths: PushPath[]): Promise<void> {
      await db.run(
        `INSERT INTO session (id, agent_pk, opened_at, seen_at, beat_at, heard, push_paths)
         SELECT $1, $2, $3, $3, $3, c.timeline, $4 FROM counter c`,
        [id, agentPk, now, JSON.stringify(pushPaths)],
      );
      await happened(agentPk, "session.opened", { session: id });
      await tellPaths(happened, agentPk, id, [], pushPaths);
    },
    /** Renews a session and what is known of it; says whether it had been silent, undefined when there is none of this agent. */
    async touch(id: SessionId, agentId: AgentId, pushPaths: PushPath[] | undefined): Promise<boolean | undefined> {
      const session = await own(id, agentId);
      if (!session) return undefined;
      const paths = pushPaths ?? session.pushPaths;
      await db.run(
        `UPDATE session SET seen_at = $1, beat_at = $1, doubted_at = NULL, doubted_why = NULL, silent = 0, push_paths = $2,
           heard = (SELECT c.timeline FROM counter c)
         WHERE id = $3`,
        [now, JSON.stringify(paths), id],
      );
      const isRenewed = pathsOf({ pushPaths: paths, provenAt: session.provenAt });
      await tellPaths(happened, session.agentPk, id, pathsOf(session), isRenewed);
      if (session.silent) await happened(session.agentPk, "session.heard", { session: id });
      return session.silent;
    },
    /** Notes a sign of a session at a position of the timeline; true when it had been silent. */
    async hear(id: string, position: number): Promise<boolean> {
      const session = await held(id);
      if (!session) return false;
      await db.run(`UPDATE session SET silent = 0, heard = $1 WHERE id = $2`, [position, id]);
      if (session.silent) await happened(session.agentPk, "session.heard", { session: session.id });
      return session.silent;
    },
    /** Removes a session of this agent, which is locked; false when there is none. */
    async end(id: SessionId, agentId: AgentId, why: EventFacts<"session.ended">["why"]): Promise<boolean> {
      const session = await own(id, agentId);
      if (!session) return false;
      await db.run(`DELETE FROM session WHERE id = $1`, [id]);
      await db.run(`UPDATE agent SET last_seen_at = GREATEST(COALESCE(last_seen_at, 0), $1) WHERE pk = $2`, [
        ...[session.beatAt, session.agentPk],
      ]);
      await happened(session.agentPk, "session.ended", { session: id, why });
      hints.over(id);
      return true;
    },
    isOf: async (id: SessionId, agentId: AgentId): Promise<boolean> => (await one(id))?.agentId === agentId,
    has: async (id: SessionId): Promise<boolean> =>
      (await db.get(`SELECT 1 AS one FROM session WHERE id = $1`, [id])) !== undefined,
    /** Those of an agent, the one that was heard of last first. */
    async of(agentPk: number, limit: number): Promise<{ readonly sessions: Session[]; readonly total: number }> {
      const rows = await db.all<SessionRow>(`${SESSION} WHERE s.agent_pk = $1 ORDER BY s.seen_at DESC, s.id LIMIT $2`, [
        agentPk,
        limit,
      ]);
      const counted = await db.get<{ n: number }>(`SELECT COUNT(*) AS n FROM session WHERE agent_pk = $1`, [agentPk]);
      return { sessions: rows.map(sessionOf), total: counted?.n ?? 0 };
    },
    /** All, by id: a heartbeat moves a session in every other order, and it would be missed or seen twice. */
    behind: async (id: string, limit: number) =>
      (await db.all<SessionRow>(`${SESSION} WHERE s.id > $1 ORDER BY s.id LIMIT $2`, [id, limit])).map(sessionOf),
    /** What a lease needs to know of the session it is for; undefined when that is over. */
    async holder(id: SessionId): Promise<{ readonly silent: boolean; readonly streamed: number } | undefined> {
      const session = await one(id);
      if (!session) return undefined;
      const counted = await db.get<{ n: number }>(
        `SELECT COUNT(*) AS n FROM delivery WHERE session_id = $1 AND state = 'leased' AND stream_position IS NOT NULL`,
        [id],
      );
      return { silent: session.silent, streamed: counted?.n ?? 0 };
    },
    /** Takes a session for silent whose lease ran out, unless it was heard of after the position where that began. */
    async silence(id: string, position: number): Promise<void> {
      const session = await held(id);
      if (!session || session.silent || session.heard >= position) return;
      await db.run(`UPDATE session SET silent = 1 WHERE id = $1`, [id]);
      await happened(session.agentPk, "session.silent", { session: session.id });
    },
    /** Lets those age from now on that were heard of at a time that is still to come, since the clock was set back. */
    setBack: () =>
      db.run(
        `UPDATE session SET seen_at = LEAST(seen_at, $1), beat_at = LEAST(beat_at, $1) WHERE seen_at > $1 OR beat_at > $1`,
        [now],
      ),
    /** Some of those that were not heard of for so long. */
    over: async (offlineAfterMs: number, limit: number) =>
      (
        await db.all<SessionRow>(`${SESSION} WHERE s.seen_at <= $1 ORDER BY s.seen_at, s.id LIMIT $2`, [
          ...[now - offlineAfterMs, limit],
        ])
      ).map(sessionOf),
    /** Those of them that are over, held until this act ends: none of them is heard of meanwhile. */
    heldOver: async (ids: readonly string[], offlineAfterMs: number) =>
      (
        await db.all<SessionRow>(
          `${SESSION} WHERE s.id = ANY ($1::TEXT[]) AND s.seen_at <= $2 ORDER BY s.id FOR NO KEY UPDATE OF s`,
          [ids, now - offlineAfterMs],
        )
      ).map(sessionOf),
    /** Doubts a session of an agent, unless another broker has its stream; the first doubt stays. */
    doubt: (id: SessionId, agentId: AgentId, { ageMs, why }: { readonly ageMs: number; readonly why: DoubtWhy }) =>
      db.run(
        `UPDATE session SET seen_at = LEAST(seen_at, $1), doubted_at = COALESCE(doubted_at, $2),
           doubted_why = COALESCE(doubted_why, $3)
         WHERE id = $4 AND agent_pk = (SELECT a.pk FROM agent a WHERE a.id = $5)
           AND (broker IS NULL OR broker = $6 OR left_at IS NOT NULL)`,
        [now - ageMs, now, why, id, agentId, seat.id],
      ),
    /**
     * Doubts all that were heard of last at a time, or before, and those whose last sign is still to come, since the clock was set back;
     * beside other brokers, those whose broker is gone.
     */
    doubtAll: ({ ageMs, why, until }: { readonly ageMs: number; readonly why: DoubtWhy; readonly until: number }) =>
      db.run(
        `UPDATE session SET seen_at = LEAST(seen_at, $1), doubted_at = COALESCE(doubted_at, $2),
           doubted_why = COALESCE(doubted_why, $3)
         WHERE (beat_at <= $4 OR beat_at > mesh_now()) AND ($5 = 1 OR left_at IS NOT NULL)`,
        [now - ageMs, now, why, until, seat.isFirst ? 1 : 0],
      ),
    /** Notes that the stream of the session that holds a delivery works, if that came through it. */
    async prove({
      pk,
      session_id: holder,
    }: {
      readonly pk: number;
      readonly session_id: string | null;
    }): Promise<void> {
      const session = holder === null ? undefined : await one(holder);
      if (!session || isProven(session.provenAt, now)) return;
      const proven = await db.run(
        `UPDATE session SET proven_at = $1 WHERE id = $2 AND EXISTS
           (SELECT 1 FROM delivery WHERE pk = $3 AND state = 'leased' AND stream_position IS NOT NULL AND session_id = $2)`,
        [now, session.id, pk],
      );
      if (proven === 0) return;
      const paths = pathsOf({ ...session, provenAt: now });
      await tellPaths(happened, session.agentPk, session.id, pathsOf(session), paths);
    },
    removeAllOf: (agentPk: number) => db.run(`DELETE FROM session WHERE agent_pk = $1`, [agentPk]),
    /** Position of the newest entry of the timeline. */
    position: async () => (await numbers.last()).timeline,
  };
}
