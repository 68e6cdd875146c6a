/** Engines that break a promise about what is known of a session: a doubt, a proof, a process that is gone. */
import { type Mutant, stateless } from "./mutant.ts";

/** They. */
export const sessionMutants: readonly Mutant[] = [
  stateless(
    "a heartbeat leaves the doubt",
    ({ store, db }) => ({
      touchSession: async (id, agentId, pushPaths) => {
        const before = db
          .prepare<[string], { at: number | null; why: string | null }>(
            "SELECT doubted_at AS at, doubted_why AS why FROM session WHERE id = ?",
          )
          .get(id);
        const renewed = await store.touchSession(id, agentId, pushPaths);
        db.prepare("UPDATE session SET doubted_at = ?, doubted_why = ? WHERE id = ?").run(
          before?.at ?? null,
          before?.why ?? null,
          id,
        );
        return renewed;
      },
    }),
    ["doubt session", "heartbeat"],
  ),
  stateless(
    "a second doubt takes the place of the first",
    ({ store, db }) => ({
      doubtSession: async (session, ageMs, why) => {
        if (session === "all") db.prepare("UPDATE session SET doubted_at = NULL").run();
        else db.prepare("UPDATE session SET doubted_at = NULL WHERE id = ?").run(session.id);
        await store.doubtSession(session, ageMs, why);
      },
    }),
    ["doubt session", "doubt all sessions"],
  ),
  stateless(
    "a doubt about one session is one about those of another agent",
    ({ store, db }) => ({
      doubtSession: async (session, ageMs, why) => {
        await store.doubtSession(session, ageMs, why);
        if (session === "all") return;
        db.prepare("UPDATE session SET doubted_at = 1, doubted_why = 'stream_closed' WHERE id <> ?").run(session.id);
      },
    }),
    ["doubt session"],
  ),
  stateless(
    "a process that is gone costs its deliveries nothing",
    ({ store }) => ({ endSession: (id, agentId, _, retry) => store.endSession(id, agentId, "left", retry) }),
    ["stream and end"],
  ),
  stateless(
    "an ack of what was streamed proves nothing",
    ({ store, db }) => ({
      ack: async (...asked) => {
        const verdict = await store.ack(...asked);
        db.prepare("UPDATE session SET proven_at = NULL").run();
        return verdict;
      },
    }),
    ["lease", "ack"],
  ),
  stateless(
    "what was leased without a stream proves one",
    ({ store, db, clock }) => ({
      ack: async (agentId, ref, receipt, evidence) => {
        const holder = db
          .prepare<[string, string | number], { id: string | null }>(
            "SELECT session_id AS id FROM delivery WHERE id = ? OR seq = ?",
          )
          .get(String(ref), Number(ref) || 0);
        const verdict = await store.ack(agentId, ref, receipt, evidence);
        if (verdict.kind === "done" && holder?.id) {
          db.prepare("UPDATE session SET proven_at = ? WHERE id = ?").run(clock.now(), holder.id);
        }
        return verdict;
      },
    }),
    ["lease", "ack"],
  ),
];
