/** Mutants of commits: acts in slices, what is shown between two of them and who goes between, and what a crash or a power cut leaves. */
import type { Store } from "../../../src/mesh/store.ts";
import { type LogToFlush, sqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { type Mutant, mutant, stateless } from "./mutant.ts";

/** A mutant that answers some verbs by another queue over the same file, which knows nothing of what is under way. */
function besides(name: string, verbs: (other: Store) => Partial<Store>, often: readonly string[]): Mutant {
  return {
    name,
    often,
    engine: () => (database, clock, sizes) => {
      const store = sqliteStore(database, clock, undefined, sizes);
      const other = sqliteStore(database, clock, undefined, sizes);
      const listen: Store["listen"] = (to) => {
        store.listen(to);
        other.listen(to);
      };
      return { ...store, ...verbs(other), listen };
    },
  };
}

/** A mutant of how the log gets to disk; told which flush it is. */
function flushing(name: string, flush: (log: LogToFlush, n: number) => Promise<void>): Mutant {
  return {
    name,
    often: CUT_OFF,
    engine: () => (database, clock, sizes) => {
      const { log } = database;
      let n = 0;
      const spoilt = log && {
        ...{ flushNow: () => log.flushNow(), close: () => log.close() },
        flush: () => flush(log, n++),
      };
      return sqliteStore({ ...database, log: spoilt }, clock, undefined, sizes);
    },
  };
}

const CUT_OFF = ["publish and be killed", "remove and be killed"];

export const sliceMutants: Mutant[] = [
  flushing("what is committed is answered before it is on disk", (log) => {
    void log.flush();
    return Promise.resolve();
  }),
  flushing("every second flush is left out", (log, n) => (n % 2 === 0 ? Promise.resolve() : log.flush())),
  {
    name: "a crash forgets who has not got yet what was published",
    often: ["publish and be killed"],
    engine: () => {
      let start = 0;
      return (database, clock, sizes) => {
        if (++start > 1) database.db.exec("DELETE FROM publishing");
        return sqliteStore(database, clock, undefined, sizes);
      };
    },
  },
  {
    name: "after a crash what was published goes to the next one who has not got it, and no further",
    often: ["publish and be killed"],
    engine: () => {
      let start = 0;
      return (database, clock, sizes) => {
        if (++start > 1) database.db.exec("UPDATE publishing SET rest = json_array(json_extract(rest, '$[0]'))");
        return sqliteStore(database, clock, undefined, sizes);
      };
    },
  },
  besides("what is half published is shown", ({ messageStatus }) => ({ messageStatus }), ["publish and go on"]),
  besides("a sender's next message passes its publish", ({ enqueue }) => ({ enqueue }), ["publish and go on"]),
  mutant("a removal is answered, and its token is good", () => {
    const kept = new Map<string, Awaited<ReturnType<Store["agentByToken"]>>>();
    return ({ store }) => ({
      agentByToken: async (token) => {
        const found = await store.agentByToken(token);
        return found ?? kept.get(token);
      },
      registerAgent: async (asked) => {
        const answer = await store.registerAgent(asked);
        kept.set(asked.tokenHash, answer.agent);
        return answer;
      },
    });
  }, ["remove"]),
  mutant("a removal that is under way leaves the token good", () => {
    const kept = new Map<string, Awaited<ReturnType<Store["agentByToken"]>>>();
    const leaving = new Set<string>();
    return ({ store }) => ({
      agentByToken: async (token) => {
        const [found, before] = [await store.agentByToken(token), kept.get(token)];
        return found ?? (before && leaving.has(before.id) ? before : undefined);
      },
      registerAgent: async (asked) => {
        const answer = await store.registerAgent(asked);
        kept.set(asked.tokenHash, answer.agent);
        return answer;
      },
      removeAgent: async (agentId, ...more) => {
        leaving.add(agentId);
        return await store.removeAgent(agentId, ...more).finally(() => leaving.delete(agentId));
      },
    });
  }, ["remove", "send several"]),
  stateless("what a crash left over of a removal stays open", () => ({ endRemoved: async () => 0 }), [
    "remove and be killed",
    "send",
  ]),
  stateless(
    "what is taken back ends with its first slice",
    ({ store, db }) => ({
      cancel: async (messageId, senderId) => {
        const answer = await store.cancel(messageId, senderId);
        if (answer.cancelled < 2) return answer;
        const last = "(SELECT MAX(d.pk) FROM delivery d JOIN message m ON m.pk = d.message_pk WHERE m.id = ?)";
        db.prepare(`UPDATE delivery SET state = 'queued', ended_at = NULL WHERE pk = ${last}`).run(messageId);
        return answer;
      },
    }),
    ["publish and go on", "take back"],
  ),
];
