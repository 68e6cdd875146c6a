/** Mutants of sessions, restarts, hints, expiry and history. */
import type { Database } from "../../../src/store/sqlite/driver/database.ts";
import { sqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { every, forgetDeliveries, type Mutant, mutant, ofStore, stateless } from "./mutant.ts";

/** Makes leases look as if this session did not hold them. */
function hide(db: Database, session: string): void {
  db.prepare("UPDATE delivery SET session_id = NULL WHERE session_id = ? AND state = 'leased'").run(session);
}

export const careMutants: Mutant[] = [
  {
    name: "a lease survives a restart",
    engine: () => (database, clock, sizes) => {
      const { db } = database;
      const held = db.prepare<[], { pk: number }>("SELECT * FROM delivery WHERE state = 'leased'").all();
      const last = db.prepare<[], { pk: number }>("SELECT MAX(pk) AS pk FROM timeline").get()?.pk ?? 0;
      const store = sqliteStore(database, clock, undefined, sizes);
      db.prepare("DELETE FROM timeline WHERE pk > ?").run(last);
      for (const row of held) {
        db.prepare(
          `UPDATE delivery SET state = 'leased', receipt = :receipt, session_id = :session_id,
             lease_ends_at = :lease_ends_at, stream_position = :stream_position, reason = :reason WHERE pk = :pk`,
        ).run(row);
      }
      return store;
    },
  },
  stateless(
    "a lease survives the end of its session",
    ({ store, db }) => ({
      endSession: (session, agentId, how, retry) => {
        hide(db, session);
        return store.endSession(session, agentId, how, retry);
      },
    }),
    ["stream and end"],
  ),
  stateless(
    "a lease survives a session that missed its heartbeats",
    ({ store, sessions, db, clock }) => ({
      expireSessions: (offlineAfterMs, retry) => {
        for (const { id, seenAt } of sessions.all()) if (seenAt <= clock.now() - offlineAfterMs) hide(db, id);
        return store.expireSessions(offlineAfterMs, retry);
      },
    }),
    ["stream and end"],
  ),
  stateless(
    "a session does not age until a clock that was set back has caught up",
    ({ store, sessions, clock }) => ({
      expireSessions: async (offlineAfterMs, retry) => {
        const all = [...sessions.all()].map((session) => ({ session, was: session.seenAt }));
        const ahead = all.filter(({ was }) => was > clock.now());
        const ended = await store.expireSessions(offlineAfterMs, retry);
        for (const { session, was } of ahead) session.seenAt = was;
        return ended;
      },
    }),
    ["set the clock back", "expire sessions"],
  ),
  stateless(
    "a doubt about all sessions leaves one out",
    ({ store, sessions }) => ({
      doubtSession: async (id, ageMs, why) => {
        const [spared] = id === "all" ? [...sessions.all()].sort((a, b) => b.seenAt - a.seenAt) : [];
        const was = spared?.seenAt ?? 0;
        await store.doubtSession(id, ageMs, why);
        if (spared) spared.seenAt = was;
      },
    }),
    ["doubt all sessions", "expire sessions", "open session"],
  ),
  stateless(
    "a doubt about all sessions makes those younger that were silent for longer",
    ({ store, sessions, clock }) => ({
      doubtSession: async (id, ageMs, why) => {
        await store.doubtSession(id, ageMs, why);
        if (id === "all") for (const each of sessions.all()) each.seenAt = clock.now() - ageMs;
      },
    }),
    ["doubt all sessions", "expire sessions", "open session", "advance"],
  ),
  {
    name: "a start does not follow a clock that was set back before it",
    often: ["set the clock back", "restart", "open session", "send", "expire messages"],
    engine: () => (database, clock) => {
      const now = clock.now();
      database.db.prepare("UPDATE session SET seen_at = MIN(seen_at, ?), beat_at = MIN(beat_at, ?)").run(now, now);
      return sqliteStore(database, clock);
    },
  },
  stateless(
    "a session's end returns the leases of another",
    ({ store, db }) => ({
      endSession: (session, agentId, how, retry) => {
        db.prepare(
          `UPDATE delivery SET session_id = ? WHERE state = 'leased' AND session_id IS NOT NULL
         AND agent_pk = (SELECT agent_pk FROM session WHERE id = ?)`,
        ).run(session, session);
        return store.endSession(session, agentId, how, retry);
      },
    }),
    ["stream and end"],
  ),
  stateless(
    "an orderly end counts as a failure",
    ({ store, db }) => ({
      endSession: (session, agentId, how, retry) => {
        db.prepare("UPDATE delivery SET failures = failures + 1 WHERE session_id = ? AND state = 'leased'").run(
          session,
        );
        return store.endSession(session, agentId, how, retry);
      },
    }),
    ["stream and end"],
  ),
  stateless(
    "a restart counts as a failure",
    ({ store, db, start }) => {
      if (start > 1) {
        db.exec(
          `UPDATE delivery SET failures = failures + 1
         WHERE pk IN (SELECT delivery_pk FROM timeline WHERE reason = 'the broker restarted')`,
        );
      }
      return store;
    },
    ["restart under a lease"],
  ),
  stateless(
    "anybody may end a session",
    ({ store, db }) => ({
      endSession: (session, agentId, how, retry) => {
        const owner = db
          .prepare<[string], { id: `agt_${string}` }>(
            "SELECT a.id FROM agent a JOIN session s ON s.agent_pk = a.pk WHERE s.id = ?",
          )
          .get(session);
        return store.endSession(session, owner?.id ?? agentId, how, retry);
      },
    }),
    ["end session", "open session"],
  ),
  stateless("a heartbeat is answered and forgotten", ({ store, sessions }) => ({
    touchSession: async (id, agentId, pushPaths) => {
      const session = sessions.get(id);
      const was = session?.seenAt ?? 0;
      const renewed = await store.touchSession(id, agentId, pushPaths);
      if (session) session.seenAt = was;
      return renewed;
    },
  })),
  ofStore("the listener is not told of delays that are over", () => ({ announceDue: async () => {} })),
  mutant("one hint in twenty is not given", () => {
    const now = every(20);
    return ({ store }) => ({
      listen: (to) =>
        store.listen({ ...to, ready: (id, isStreamed) => (now() ? undefined : to.ready(id, isStreamed)) }),
    });
  }),
  ofStore("the listener is not told that the timeline grew", ({ store }) => ({
    listen: (to) => store.listen({ ...to, advanced: () => {} }),
  })),
  stateless("what is past its life stays", () => ({ expireMessages: async () => 0 })),
  stateless("leases that are over stay", () => ({ expireLeases: async () => 0 })),
  stateless("pruning takes open mail", ({ store, db, clock }) => ({
    prune: (retentionMs, limit) => {
      forgetDeliveries(db, "state = 'queued' AND accepted_at <= ?", clock.now() - retentionMs);
      return store.prune(retentionMs, limit);
    },
  })),
  stateless("pruning takes what ended a moment ago", ({ store }) => ({ prune: (_, limit) => store.prune(0, limit) })),
  stateless("pruning forgets nothing", () => ({ prune: async () => 0 })),
  stateless(
    "the mail of a removed agent stays open",
    ({ db, clock }) => ({
      removeAgent: async (agentId) => {
        db.prepare("UPDATE agent SET removed_at = ?, token_hash = 'removed:' || id WHERE id = ?").run(
          clock.now(),
          agentId,
        );
        return 0;
      },
    }),
    ["remove"],
  ),
  stateless(
    "a removed agent's token is accepted",
    ({ store, db }) => ({
      removeAgent: async (agentId, ...more) => {
        const n = await store.removeAgent(agentId, ...more);
        db.prepare("UPDATE agent SET removed_at = NULL WHERE id = ?").run(agentId);
        return n;
      },
    }),
    ["remove"],
  ),
  ofStore(
    "whose recipient has left is not told",
    ({ store }) => ({
      removeAgent: (agentId) => store.removeAgent(agentId),
    }),
    ["remove"],
  ),
  {
    name: "a restart ends what is past its life, and tells nobody",
    engine: () => (database, clock, sizes) => {
      const store = sqliteStore(database, clock, undefined, sizes);
      const { db } = database;
      const over = db
        .prepare<[number], { pk: number; attempt: number }>(
          "SELECT pk, attempt FROM delivery WHERE state = 'queued' AND reason = 'the broker restarted' AND expires_at <= ?",
        )
        .all(clock.now());
      for (const { pk, attempt } of over) {
        db.prepare("UPDATE delivery SET state = 'expired', ended_at = ? WHERE pk = ?").run(clock.now(), pk);
        db.prepare(
          `INSERT INTO timeline (delivery_pk, agent_pk, sender_pk, at, event, attempt, reason)
           SELECT d.pk, d.agent_pk, m.sender_pk, ?, 'expired', ?, 'late' FROM delivery d
           JOIN message m ON m.pk = d.message_pk WHERE d.pk = ?`,
        ).run(clock.now(), attempt, pk);
      }
      return store;
    },
  },
];
