/** Mutants of events: one is forgotten, told twice, told of nothing, in another place, or to somebody else. */
import type { Database } from "../../../src/store/sqlite/driver/database.ts";
import { every, type Mutant, mutant, ofStore, stateless } from "./mutant.ts";

/** Writes the newest event once more. */
function repeatNewest(db: Database): void {
  db.exec(
    `INSERT INTO event (behind_pk, at, agent_pk, name, type, facts)
     SELECT behind_pk, at, agent_pk, name, type, facts FROM event ORDER BY pk DESC LIMIT 1`,
  );
}

export const eventMutants: Mutant[] = [
  mutant("a policy that is set is now and then not told", () => {
    const now = every(3);
    return ({ store, db }) => ({
      setPolicy: async (...asked) => {
        await store.setPolicy(...asked);
        if (now()) db.exec("DELETE FROM event WHERE type = 'policy.set' AND pk = (SELECT MAX(pk) FROM event)");
      },
    });
  }),
  stateless("the end of a session is not told", ({ store, db }) => ({
    endSession: async (...asked) => {
      const returned = await store.endSession(...asked);
      db.exec("DELETE FROM event WHERE type = 'session.ended' AND pk = (SELECT MAX(pk) FROM event)");
      return returned;
    },
  })),
  stateless(
    "a session that fell silent is not told",
    ({ store, db }) => ({
      expireLeases: async (...asked) => {
        const n = await store.expireLeases(...asked);
        db.exec("DELETE FROM event WHERE type = 'session.silent'");
        return n;
      },
    }),
    ["stream and stop reading", "lease", "open session", "sweep at a deadline"],
  ),
  stateless(
    "a subscription is told twice",
    ({ store, db }) => ({
      subscribe: async (...asked) => {
        const reply = await store.subscribe(...asked);
        if (reply.created) repeatNewest(db);
        return reply;
      },
    }),
    ["subscribe"],
  ),
  stateless("a focus is told twice", ({ store, db }) => ({
    setFocus: async (...asked) => {
      await store.setFocus(...asked);
      if (asked[1]) repeatNewest(db);
    },
  })),
  stateless("what was refused is told all the same", ({ store, db }) => ({
    registerAgent: async (agent) => {
      try {
        return await store.registerAgent(agent);
      } catch (error) {
        db.prepare<[string]>(
          `INSERT INTO event (behind_pk, at, agent_pk, name, type, facts)
           SELECT 0, 0, pk, name, 'agent.summary', '{"summary":"refused"}' FROM agent WHERE name = ?`,
        ).run(agent.name);
        throw error;
      }
    },
  })),
  stateless(
    "an event of a transaction that was lost stays",
    ({ db, start }) => {
      if (start > 1) repeatNewest(db);
      return {};
    },
    ["restart", "open session"],
  ),
  stateless(
    "what happened beside the deliveries stands ahead of all of them",
    ({ db }) => {
      db.exec(
        `CREATE TRIGGER IF NOT EXISTS misplaced AFTER INSERT ON event BEGIN
         UPDATE event SET behind_pk = 0 WHERE pk = NEW.pk;
       END`,
      );
      return {};
    },
    ["send", "lease", "open session"],
  ),
  stateless(
    "what was pruned is a gap that nobody is told of",
    ({ store, db }) => ({
      prune: async (...asked) => {
        const n = await store.prune(...asked);
        db.exec("UPDATE forgotten SET until_pk = 0");
        return n;
      },
    }),
    ["send", "lease", "ack", "prune"],
  ),
  ofStore("a cursor leaves out the event behind it", ({ store }) => ({
    events: async (query) => {
      const page = await store.events(query);
      return page.more ? page : { ...page, events: page.events.slice(0, 3) };
    },
  })),
  ofStore("everybody sees everybody's", ({ store }) => ({
    events: (query) => store.events({ ...query, viewer: undefined }),
  })),
  ofStore(
    "who is stale is told to be online",
    ({ store }) => ({
      tellPresences: () => store.tellPresences(1_000_000),
    }),
    ["tell presences", "advance", "open session"],
  ),
  stateless(
    "what was told of presences is forgotten at a restart",
    ({ store, db }) => ({
      tellPresences: async (...asked) => {
        const n = await store.tellPresences(...asked);
        db.exec("DELETE FROM presence");
        return n;
      },
    }),
    ["tell presences", "restart", "open session"],
  ),
  ofStore("nobody is told that something happened", ({ store }) => ({
    listen: (to) => store.listen({ ...to, happened: () => {} }),
  })),
];
