/** Mutants of sending, the log and the inbox's counters. */
import { MeshError } from "../../../src/mesh/errors.ts";
import { every, forgetDeliveries, type Mutant, mutant, ofStore, ofStoreOver, stateless } from "./mutant.ts";

export const messageMutants: Mutant[] = [
  mutant("a write is lost although it was answered", () => {
    const now = every(10);
    return ({ store, db }) => ({
      enqueue: async (message, quota) => {
        const accepted = await store.enqueue(message, quota);
        if (!accepted.duplicate && now()) forgetDeliveries(db, "id = ?", accepted.delivery.id);
        return accepted;
      },
    });
  }),
  stateless(
    "mail is handed to another agent",
    ({ store, db }) => ({
      lease: async (terms) => {
        const own = await store.lease(terms);
        if (own.leased.length > 0) return own;
        const other = db
          .prepare<[], { id: `agt_${string}` }>("SELECT id FROM agent WHERE queued_count > 0 LIMIT 1")
          .get();
        return other ? { ...own, leased: (await store.lease({ ...terms, agentId: other.id })).leased } : own;
      },
    }),
    ["lease", "send"],
  ),
  stateless("keys are forgotten at a restart", ({ db, start }) => {
    if (start > 1) db.exec("DELETE FROM idempotency");
    return {};
  }),
  ofStore("keys are ignored", ({ store }) => ({
    enqueue: (message, quota) => store.enqueue({ ...message, idempotency: undefined }, quota),
  })),
  ofStore("a key is accepted with other content", ({ store }) => ({
    enqueue: (message, quota) => {
      const { idempotency } = message;
      return store.enqueue({ ...message, idempotency: idempotency && { ...idempotency, contentHash: "" } }, quota);
    },
  })),
  ofStore("a key outlives its window", ({ store }) => ({
    enqueue: (message, quota) => {
      const { idempotency } = message;
      return store.enqueue({ ...message, idempotency: idempotency && { ...idempotency, windowMs: 1e12 } }, quota);
    },
  })),
  ofStore("there is no quota", ({ store }) => ({
    enqueue: (message) => store.enqueue(message, { maxMessages: 1e9, maxBytes: 1e9 }),
  })),
  ofStore("only messages are counted, not bytes", ({ store }) => ({
    enqueue: (message, quota) => store.enqueue(message, { ...quota, maxBytes: 1e9 }),
  })),
  ofStore("the quota is one message too small", ({ store }) => ({
    enqueue: (message, { maxMessages, maxBytes }) => store.enqueue(message, { maxMessages: maxMessages - 1, maxBytes }),
  })),
  stateless("a refused send takes a seq", ({ store, db }) => ({
    enqueue: async (message, quota) => {
      try {
        return await store.enqueue(message, quota);
      } catch (error) {
        if (error instanceof MeshError && error.code === "inbox_full") {
          db.prepare("UPDATE agent SET next_seq = next_seq + 1 WHERE id = ?").run(message.recipientId);
        }
        throw error;
      }
    },
  })),
  mutant("a message changes its sender", () => {
    const now = every(8);
    return ({ store, db }) => ({
      enqueue: async (message, quota) => {
        const accepted = await store.enqueue(message, quota);
        if (now()) db.prepare("UPDATE message SET sender_pk = 1 WHERE id = ?").run(accepted.message.id);
        return accepted;
      },
    });
  }),
  stateless("a restart cuts long bodies", ({ db, start }) => {
    if (start > 1) db.exec("UPDATE message SET body = substr(body, 1, 50)");
    return {};
  }),
  stateless("a message lives half of its time", ({ store, db }) => ({
    enqueue: async (message, quota) => {
      const accepted = await store.enqueue(message, quota);
      db.prepare("UPDATE delivery SET expires_at = accepted_at + ? WHERE id = ?").run(
        Math.round(message.ttlMs / 2),
        accepted.delivery.id,
      );
      return accepted;
    },
  })),
  ofStore("an answer does not ack", ({ store }) => ({
    enqueue: (message, quota) => store.enqueue({ ...message, answers: undefined }, quota),
  })),
  ofStore("a refused answer acks all the same", ({ store }) => ({
    enqueue: async (message, quota) => {
      if (message.answers) await store.ack(message.senderId, message.answers, undefined, "replied");
      return store.enqueue(message, quota);
    },
  })),
  stateless("the counters of an inbox drift", ({ store, db }) => ({
    reject: async (...asked) => {
      const verdict = await store.reject(...asked);
      if (verdict.kind === "done")
        db.prepare("UPDATE agent SET open_count = open_count + 1 WHERE id = ?").run(asked[0]);
      return verdict;
    },
  })),
  ofStoreOver("the log skips an entry", () => {
    const now = every(20);
    return ({ store }) => ({
      log: async (query) => {
        const page = await store.log(query);
        return page.entries.length > 1 && now() ? { ...page, entries: page.entries.slice(1) } : page;
      },
    });
  }),
  ofStore("the log repeats an entry when a page is turned", ({ store }) => ({
    log: async (query) => {
      const page = await store.log(query);
      if (page.entries.length < query.limit || query.limit === 1) return page;
      const [epoch, position] = page.cursor.split(".");
      return { ...page, cursor: `${epoch}.${Number(position) - 1}` };
    },
  })),
  ofStore("the log shows agents what is not theirs", ({ store }) => ({
    log: (query) => store.log({ ...query, viewer: undefined }),
  })),
  ofStore("anybody finds any message", ({ store }) => ({
    placeMessage: async (ref, viewer) => (await store.placeMessage(ref, viewer)) ?? store.placeMessage(ref, undefined),
  })),
];
