/** Sessions: in memory while the broker runs (`memory/sessions.ts`), and their rows, by which the next one knows them. */
import type { AgentId, EventFacts, PushPath, SessionId } from "@agentmesh/protocol";
import type { DoubtWhy } from "../../mesh/store.ts";
import { pathsOf } from "../shared/rows/agents.ts";
import type { SessionRow } from "../shared/rows/sessions.ts";
import type { EngineContext } from "./context.ts";
import { tellPaths } from "./events/push-paths.ts";
import { type SessionInMemory, SessionsInMemory } from "./memory/sessions.ts";
import { columnsOf, rememberedSession } from "./rows/sessions.ts";

/** How old the last proof may be when another comes, in milliseconds: an ack must not cost a write more each time. */
const PROVEN_WITHIN_MS = 60_000;

/** A heartbeat that changes nothing but times is on disk within this, in milliseconds: so often a session is written at most. */
export const WRITTEN_WITHIN_MS = 60_000;

/**
 * After a broker that did not end in order the rows may lack the last heartbeats: a session counts as so much younger than its
 * row. A little longer than one waits: the sweeper may be at something else.
 */
export const GRACE_AT_START_MS = WRITTEN_WITHIN_MS + 5_000;

/** The row of each session, as the broker before left it. */
const ALL = `
  SELECT s.id, a.id AS agent_id, s.agent_pk, s.seen_at, s.beat_at, s.heard, s.silent, s.doubted_at, s.doubted_why,
    s.push_paths, s.proven_at
  FROM session s JOIN agent a ON a.pk = s.agent_pk ORDER BY s.id`;

/** Writes sessions as they are in memory, any number at once: one in the JSON, in the order of the columns. */
export const WRITE = `
  UPDATE session SET seen_at = b.seen_at, beat_at = b.beat_at, heard = b.heard, silent = b.silent,
    doubted_at = b.doubted_at, doubted_why = b.doubted_why, push_paths = b.push_paths, proven_at = b.proven_at
  FROM (SELECT value ->> 0 AS id, value ->> 1 AS seen_at, value ->> 2 AS beat_at, value ->> 3 AS heard, value ->> 4 AS silent,
          value ->> 5 AS doubted_at, value ->> 6 AS doubted_why, value ->> 7 AS push_paths, value ->> 8 AS proven_at
        FROM json_each(?)) b
  WHERE session.id = b.id`;

/** How many deliveries a session holds of its stream. */
export const STREAMED_BY = `
  SELECT COUNT(*) AS n FROM delivery WHERE session_id = ? AND state = 'leased' AND stream_position IS NOT NULL`;

/** The same of many, in a list as JSON. */
export const STREAMED_BY_EACH = `
  SELECT json_each.value AS id, (SELECT COUNT(*) FROM delivery d
    WHERE d.session_id = json_each.value AND d.state = 'leased' AND d.stream_position IS NOT NULL) AS n FROM json_each(?)`;

/** What a lease needs to know of the session it is for. */
export interface Holder {
  readonly silent: boolean;
  /** How many deliveries it holds of its stream. */
  readonly streamed: number;
}

/** All that a step of the clock moves, of every session. */
const SHIFT = `
  UPDATE session SET seen_at = seen_at + :ms, beat_at = beat_at + :ms, doubted_at = doubted_at + :ms,
    proven_at = proven_at + :ms`;

/** The sessions, as the rows say; `exact` when the broker before has written all it knew. */
export function sessionStatements({ db, clock, callers, happened, undo }: EngineContext, exact: boolean) {
  const memory = new SessionsInMemory(undo);
  let signs = 0;
  const grace = (row: SessionRow): number =>
    // A doubt was written when it arose, and so was the heartbeat that ended it.
    exact || row.doubted_at !== null ? 0 : Math.max(0, Math.min(GRACE_AT_START_MS, clock.now() - row.seen_at));
  for (const row of db.prepare<[], SessionRow>(ALL).all()) {
    const younger = grace(row);
    memory.load(rememberedSession(row, younger), younger === 0);
  }

  const insert = db.prepare<[{ id: string; agent: number; now: number; heard: number; paths: string }]>(
    `INSERT INTO session (id, agent_pk, opened_at, seen_at, beat_at, heard, push_paths)
     VALUES (:id, :agent, :now, :now, :now, :heard, :paths)`,
  );
  const remove = db.prepare<[string]>(`DELETE FROM session WHERE id = ?`);
  const update = db.prepare<[string]>(WRITE);
  const shift = db.prepare<[{ ms: number }]>(SHIFT);
  const selectStreamed = db.prepare<[number, string], { pk: number }>(
    `SELECT pk FROM delivery WHERE pk = ? AND state = 'leased' AND stream_position IS NOT NULL AND session_id = ?`,
  );
  const countStreamed = db.prepare<[string], { n: number }>(STREAMED_BY);
  const countStreamedByEach = db.prepare<[string], { id: SessionId; n: number }>(STREAMED_BY_EACH);
  const rememberSeen = db.prepare<[number, number]>(
    `UPDATE agent SET last_seen_at = MAX(COALESCE(last_seen_at, 0), ?) WHERE pk = ?`,
  );
  const removeAllOf = db.prepare<[number]>(`DELETE FROM session WHERE agent_pk = ?`);

  const write = (sessions: readonly SessionInMemory[]): void => {
    if (sessions.length === 0) return;
    update.run(JSON.stringify(sessions.map(columnsOf)));
    memory.written(sessions);
  };
  const change = (session: SessionInMemory, changes: Partial<SessionInMemory>): void => {
    memory.change(session, changes);
    write([session]);
  };
  const own = (id: SessionId, agentId: AgentId): SessionInMemory | undefined => {
    const session = memory.get(id);
    return session?.agentId === agentId ? session : undefined;
  };

  return {
    memory,
    open(id: SessionId, agent: { readonly pk: number; readonly id: AgentId }, pushPaths: PushPath[], position: number) {
      const now = clock.now();
      insert.run({ id, agent: agent.pk, now, heard: position, paths: JSON.stringify(pushPaths) });
      memory.put({
        ...{ id, agentId: agent.id, agentPk: agent.pk, beatAt: now, seenAt: now, heard: position, sign: ++signs },
        ...{ silent: false, doubt: undefined, pushPaths, provenAt: undefined },
      });
      happened(agent.pk, "session.opened", { session: id });
      tellPaths(happened, agent.pk, id, [], pushPaths);
    },
    /** Number of the newest heartbeat that was asked for, of any session. */
    newestSign: () => signs,
    /** A heartbeat is asked for. True when nothing but times changes by it, and that is done. */
    beat(id: SessionId, agentId: AgentId, pushPaths: PushPath[] | undefined, position: number): boolean {
      const session = own(id, agentId);
      if (!session) return false;
      session.sign = ++signs;
      if (session.doubt || session.silent) return false;
      if (pushPaths && JSON.stringify(pushPaths) !== JSON.stringify(session.pushPaths)) return false;
      memory.beat(session, clock.now(), position);
      return true;
    },
    /** Renews a session and what is known of it; false when there is none of this agent. */
    touch(id: SessionId, agentId: AgentId, pushPaths: PushPath[] | undefined): boolean {
      const session = own(id, agentId);
      if (!session) return false;
      const now = clock.now();
      const before = pathsOf(session);
      change(session, { seenAt: now, beatAt: now, doubt: undefined, ...(pushPaths && { pushPaths }) });
      tellPaths(happened, session.agentPk, id, before, pathsOf(session));
      return true;
    },
    /** Removes a session of this agent; false when there is none. */
    end(id: SessionId, agentId: AgentId, why: EventFacts<"session.ended">["why"]): boolean {
      const session = own(id, agentId);
      if (!session) return false;
      remove.run(id);
      memory.drop(session);
      callers.forget(session.agentPk);
      rememberSeen.run(session.beatAt, session.agentPk);
      happened(session.agentPk, "session.ended", { session: id, why });
      return true;
    },
    has: (id: SessionId): boolean => memory.get(id) !== undefined,
    /** Undefined when it is over. */
    holder(id: SessionId): Holder | undefined {
      const session = memory.get(id);
      return session && { silent: session.silent, streamed: countStreamed.get(id)?.n ?? 0 };
    },
    /** The same of many, without those that are over. */
    holders(ids: readonly SessionId[]): ReadonlyMap<SessionId, Holder> {
      const counts = ids.length === 0 ? [] : countStreamedByEach.all(JSON.stringify(ids));
      return new Map(
        counts.flatMap(({ id, n }) => {
          const session = memory.get(id);
          return session ? [[id, { silent: session.silent, streamed: n }] as const] : [];
        }),
      );
    },
    /** Takes a session for silent whose lease ran out, unless it was heard of after the position where that began. */
    silence(id: string, position: number): void {
      const session = memory.get(id);
      if (!session || session.silent || session.heard >= position) return;
      change(session, { silent: true });
      happened(session.agentPk, "session.silent", { session: session.id });
    },
    /** Notes a sign of a session at a position of the timeline; true when it had been silent. */
    hear(id: string, position: number): boolean {
      const session = memory.get(id);
      if (!session) return false;
      const { silent } = session;
      // The position is of no use to another broker: what is leased now returns when it starts.
      if (silent) {
        change(session, { silent: false, heard: position });
        happened(session.agentPk, "session.heard", { session: session.id });
      } else memory.change(session, { heard: position });
      return silent;
    },
    /** Whether one was heard of at a time that is still to come, since the clock was set back. */
    isAnyAhead: (): boolean => memory.ahead(clock.now()).length > 0,
    /** Lets these age from now on: a dead one is not to be called online until the clock has caught up. One that is doubted stays as old as the doubt says. */
    setBack(): void {
      const now = clock.now();
      const ahead = memory.ahead(now);
      for (const each of ahead)
        memory.change(each, { seenAt: Math.min(each.seenAt, now), beatAt: Math.min(each.beatAt, now) });
      write(ahead);
    },
    /** Some of those that were not heard of for so long. */
    over: (offlineAfterMs: number) => memory.notSeenSince(clock.now() - offlineAfterMs, MOST_OVER),
    /** Doubts a session, or all, but for those of which a heartbeat was asked for after a sign; the first doubt stays. */
    doubt(
      which: { readonly id: SessionId; readonly agentId: AgentId } | "all",
      { ageMs, why, sign }: { readonly ageMs: number; readonly why: DoubtWhy; readonly sign: number },
    ): void {
      const now = clock.now();
      const found = which === "all" ? [...memory.all()] : [own(which.id, which.agentId)];
      const doubted = found.filter((each) => each !== undefined).filter((each) => each.sign <= sign);
      for (const each of doubted) {
        const seenAt = Math.min(each.seenAt, now - ageMs);
        memory.change(each, { seenAt, doubt: each.doubt ?? { at: now, why } });
      }
      write(doubted);
    },
    /** Notes that the stream of the session that holds a delivery works, if that came through it. */
    prove({ pk, session_id: holder }: { readonly pk: number; readonly session_id: string | null }): void {
      const session = holder === null ? undefined : memory.get(holder);
      if (!session) return;
      const now = clock.now();
      const known = session.provenAt;
      if (known !== undefined && known <= now && known >= now - PROVEN_WITHIN_MS) return;
      if (!selectStreamed.get(pk, session.id)) return;
      const before = pathsOf(session);
      change(session, { provenAt: now });
      tellPaths(happened, session.agentPk, session.id, before, pathsOf(session));
    },
    removeAllOf(agentPk: number): void {
      removeAllOf.run(agentPk);
      for (const each of memory.of(agentPk)) memory.drop(each);
    },
    /** Follows a step of the clock. */
    shift(ms: number): void {
      shift.run({ ms });
      for (const each of memory.all()) {
        const { seenAt, beatAt, doubt, provenAt } = each;
        memory.change(each, {
          ...{ seenAt: seenAt + ms, beatAt: beatAt + ms },
          doubt: doubt && { ...doubt, at: doubt.at + ms },
          provenAt: provenAt === undefined ? undefined : provenAt + ms,
        });
      }
    },
    isToBeWritten: () => memory.isToBeWritten(clock.now(), WRITTEN_WITHIN_MS),
    waitAgain: () => memory.waitAgain(clock.now()),
    write,
  };
}

/** Sessions that are over, looked up at a time. */
const MOST_OVER = 64;
