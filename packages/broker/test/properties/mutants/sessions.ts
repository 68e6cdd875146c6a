/** Engines that break a promise about what is known of a session: a doubt, a proof, a process that is gone. */
import type { Store } from "../../../src/mesh/store.ts";
import { sqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { type Mutant, ofStore, ofStoreOver, stateless } from "./mutant.ts";

/** They. */
export const sessionMutants: readonly Mutant[] = [
  stateless(
    "a heartbeat leaves the doubt",
    ({ store, sessions }) => ({
      touchSession: async (id, agentId, pushPaths) => {
        const session = sessions.get(id);
        const was = session?.doubt;
        const renewed = await store.touchSession(id, agentId, pushPaths);
        if (session) session.doubt = was;
        return renewed;
      },
    }),
    ["doubt session", "heartbeat"],
  ),
  stateless(
    "a second doubt takes the place of the first",
    ({ store, sessions }) => ({
      doubtSession: async (session, ageMs, why) => {
        for (const each of sessions.all()) if (session === "all" || session.id === each.id) each.doubt = undefined;
        await store.doubtSession(session, ageMs, why);
      },
    }),
    ["doubt session", "doubt all sessions"],
  ),
  stateless(
    "a doubt about one session is one about those of another agent",
    ({ store, sessions }) => ({
      doubtSession: async (session, ageMs, why) => {
        await store.doubtSession(session, ageMs, why);
        if (session === "all") return;
        for (const each of sessions.all()) if (each.id !== session.id) each.doubt = { at: 1, why };
      },
    }),
    ["doubt session"],
  ),
  ofStore(
    "a process that is gone costs its deliveries nothing",
    ({ store }) => ({ endSession: (id, agentId, _, retry) => store.endSession(id, agentId, "left", retry) }),
    ["stream and end"],
  ),
  stateless(
    "an ack of what was streamed proves nothing",
    ({ store, sessions }) => ({
      ack: async (...asked) => {
        const verdict = await store.ack(...asked);
        for (const each of sessions.all()) each.provenAt = undefined;
        return verdict;
      },
    }),
    ["lease", "ack"],
  ),
  stateless(
    "what was leased without a stream proves one",
    ({ store, sessions, db, clock }) => ({
      ack: async (agentId, ref, receipt, evidence) => {
        const holder = db
          .prepare<[string, string | number], { id: string | null }>(
            "SELECT session_id AS id FROM delivery WHERE id = ? OR seq = ?",
          )
          .get(String(ref), Number(ref) || 0);
        const verdict = await store.ack(agentId, ref, receipt, evidence);
        const session = sessions.get(holder?.id ?? "");
        if (verdict.kind === "done" && session) session.provenAt = clock.now();
        return verdict;
      },
    }),
    ["lease", "ack"],
  ),
  stateless("heartbeats are never written", () => ({ writeHeartbeats: async () => {} }), [
    "heartbeat between two writes",
    "open session",
  ]),
  {
    name: "a start takes a session for as old as its row",
    often: ["heartbeat between two writes", "open session"],
    engine: () => (database, clock, sizes) => sqliteStore({ ...database, endedInOrder: true }, clock, undefined, sizes),
  },
  {
    name: "a start after an end in order makes sessions younger",
    often: ["heartbeat between two writes", "open session"],
    engine: () => (database, clock, sizes) =>
      sqliteStore({ ...database, endedInOrder: false }, clock, undefined, sizes),
  },
  stateless(
    "what changes of a session is in memory alone: the cache is not written through",
    ({ store, db }) => ({
      doubtSession: async (...asked) => {
        const rows = db
          .prepare<[], Record<string, unknown>>("SELECT id, seen_at, doubted_at, doubted_why FROM session")
          .all();
        await store.doubtSession(...asked);
        const back = db.prepare<[Record<string, unknown>]>(
          `UPDATE session SET seen_at = :seen_at, doubted_at = :doubted_at, doubted_why = :doubted_why WHERE id = :id`,
        );
        for (const row of rows) back.run(row);
      },
    }),
    ["doubt session", "restart", "open session"],
  ),
  ofStoreOver("who calls is known by what was true of it once: the cache is not told of changes", () => {
    const kept = new Map<string, Awaited<ReturnType<Store["agentByToken"]>>>();
    return ({ store }) => ({
      agentByToken: async (token) => {
        const found = kept.get(token) ?? (await store.agentByToken(token));
        if (found) kept.set(token, found);
        return found;
      },
    });
  }, ["call", "remove"]),
  stateless(
    "an end of a session is on disk, and not in memory",
    ({ store, sessions }) => ({
      endSession: async (id, ...asked) => {
        const session = sessions.get(id);
        const returned = await store.endSession(id, ...asked);
        if (session && returned !== undefined) sessions.put(session);
        return returned;
      },
    }),
    ["end session", "heartbeat", "open session"],
  ),
];
