/** Mutants of topics: who gets what is published, and who is accounted for. */
import { newId } from "../../../src/mesh/ids.ts";
import { every, forgetDeliveries, type Mutant, mutant, ofStore, stateless, whileSet } from "./mutant.ts";

export const topicMutants: Mutant[] = [
  mutant("a publish leaves a subscriber out", () => {
    const now = every(3);
    return ({ store, db }) => ({
      publish: async (message, quota) => {
        const answer = await store.publish(message, quota);
        const last = answer.accepted.at(-1);
        if (!last || answer.duplicate || !now()) return answer;
        forgetDeliveries(db, "id = ?", last.delivery.id);
        return { ...answer, accepted: answer.accepted.slice(0, -1) };
      },
    });
  }),
  stateless(
    "a publish that counts its deliveries itself leaves all that comes later uncounted",
    ({ store, db }) => ({
      publish: async (message, quota) => {
        const answer = await store.publish(message, quota);
        db.exec("UPDATE counting SET by_act = 1");
        return answer;
      },
    }),
    ["publish to a subscriber", "send"],
  ),
  stateless("a publish is counted in all of its inboxes but the last", ({ store, db }) => ({
    publish: async (message, quota) => {
      const answer = await store.publish(message, quota);
      const last = answer.accepted.at(-1);
      if (last && !answer.duplicate) {
        db.prepare("UPDATE agent SET queued_count = queued_count - 1 WHERE id = ? AND queued_count > 0").run(
          last.recipient.id,
        );
      }
      return answer;
    },
  })),
  stateless("the deliveries of a publish are in no total", ({ store, db }) => ({
    publish: async (message, quota) => {
      const answer = await store.publish(message, quota);
      if (answer.accepted.length > 0 && !answer.duplicate)
        db.exec("UPDATE tally SET n = n - 1 WHERE what = 'queued' AND n > 0");
      return answer;
    },
  })),
  ofStore("a publish names nobody it skipped", ({ store }) => ({
    publish: async (message, quota) => ({ ...(await store.publish(message, quota)), skipped: [] }),
  })),
  stateless("a publish brings its sender a copy", ({ store, db }) => ({
    publish: async (message, quota) => {
      // Each another: several publish at once.
      const stranger = newId("agt");
      db.prepare("INSERT INTO agent (id, name, token_hash, profile, registered_at) VALUES (?, ?, ?, '{}', 0)").run(
        ...[stranger, stranger, stranger],
      );
      const { senderId } = message;
      const answer = await store.publish({ ...message, senderId: stranger, idempotency: undefined }, quota);
      const owner = "(SELECT pk FROM agent WHERE id = ?)";
      db.prepare(`UPDATE message SET sender_pk = ${owner} WHERE id = ?`).run(senderId, message.id);
      db.prepare("DELETE FROM agent WHERE id = ?").run(stranger);
      const status = await store.messageStatus(message.id);
      return { ...answer, message: status?.message ?? answer.message };
    },
  })),
  stateless("a published body is stored once for each subscriber", ({ store, db }) => ({
    publish: async (message, quota) => {
      const answer = await store.publish(message, quota);
      for (const { delivery } of answer.duplicate ? [] : answer.accepted.slice(1)) {
        const copy = newId("msg");
        db.prepare(
          `INSERT INTO message (id, sender_pk, topic, thread_id, urgency, body, body_bytes, body_hash, accepted_at, expires_at)
           SELECT ?, sender_pk, topic, thread_id, urgency, body, body_bytes, body_hash, accepted_at, expires_at
           FROM message WHERE id = ?`,
        ).run(copy, message.id);
        db.prepare("UPDATE delivery SET message_pk = (SELECT pk FROM message WHERE id = ?) WHERE id = ?").run(
          copy,
          delivery.id,
        );
      }
      return answer;
    },
  })),
  ofStore("a publish ignores the quota of inboxes", ({ store }) => ({
    publish: (message) => store.publish(message, { maxMessages: 1e9, maxBytes: 1e9 }),
  })),
  ofStore("a publish ignores keys", ({ store }) => ({
    publish: (message, quota) => store.publish({ ...message, idempotency: undefined }, quota),
  })),
  stateless(
    "a publish ignores policies",
    ({ store, db }) => ({
      publish: async (message, quota) => {
        const kept = db.prepare<[], { pk: number; policy: string | null }>("SELECT pk, policy FROM agent").all();
        db.exec("UPDATE agent SET policy = NULL");
        const answer = await store.publish(message, quota);
        for (const { pk, policy } of kept) db.prepare("UPDATE agent SET policy = ? WHERE pk = ?").run(policy, pk);
        return answer;
      },
    }),
    ["policy", "subscribe", "publish"],
  ),
  stateless("> means one word only", ({ store, db }) => ({
    publish: async (message, quota) => {
      const long = message.topic.split(".").length > 2;
      if (long) db.exec("UPDATE subscription SET pattern = 'none.>' WHERE pattern = 'build.>'");
      const answer = await store.publish(message, quota);
      db.exec("UPDATE subscription SET pattern = 'build.>' WHERE pattern = 'none.>'");
      return answer;
    },
  })),
  stateless("the end of a subscription is answered and forgotten", ({ store, db, clock }) => ({
    unsubscribe: async (agentId, pattern) => {
      const ended = await store.unsubscribe(agentId, pattern);
      if (ended) {
        const owner = "(SELECT pk FROM agent WHERE id = ?)";
        db.prepare(`INSERT INTO subscription VALUES (${owner}, ?, ?)`).run(agentId, pattern, clock.now());
      }
      return ended;
    },
  })),
  stateless("anybody may end a subscription", ({ store, db }) => ({
    unsubscribe: async (agentId, pattern) => {
      const ended = await store.unsubscribe(agentId, pattern);
      return ended || db.prepare("DELETE FROM subscription WHERE pattern = ?").run(pattern).changes > 0;
    },
  })),
  stateless("subscriptions are forgotten at a restart", ({ db, start }) => {
    if (start > 1) db.exec("DELETE FROM subscription");
    return {};
  }),
  ofStore("retained messages do not ask for room", ({ store }) => ({
    subscribe: (agentId, pattern, retained) =>
      store.subscribe(agentId, pattern, retained, { maxMessages: 1e9, maxBytes: 1e9 }),
  })),
  stateless("what was published before is given to a first slice and the rest forgotten", ({ store, db }) => ({
    subscribe: async (agentId, pattern, retained, quota) => {
      const answer = await store.subscribe(agentId, pattern, retained, quota);
      if (answer.retained < 2) return answer;
      const newest = "(SELECT MAX(seq) FROM delivery WHERE agent_pk = (SELECT pk FROM agent WHERE id = ?))";
      forgetDeliveries(db, `agent_pk = (SELECT pk FROM agent WHERE id = ?) AND seq = ${newest}`, agentId, agentId);
      return answer;
    },
  })),
  ofStore("a repeated publish forgets who was skipped", ({ store }) => ({
    publish: async (message, quota) => {
      const answer = await store.publish(message, quota);
      return answer.duplicate ? { ...answer, skipped: [] } : answer;
    },
  })),
  stateless("the oldest messages are retained, not the newest", ({ store, db }) => ({
    subscribe: async (agentId, pattern, retained, quota) => {
      const newest = "(SELECT MAX(pk) FROM message WHERE topic IS NOT NULL AND recalled_at IS NULL GROUP BY topic)";
      const hidden = db.prepare<[], { pk: number }>(`SELECT pk FROM message WHERE pk IN ${newest}`).all();
      for (const { pk } of hidden) db.prepare("UPDATE message SET recalled_at = 1 WHERE pk = ?").run(pk);
      const answer = await store.subscribe(agentId, pattern, retained, quota);
      for (const { pk } of hidden) db.prepare("UPDATE message SET recalled_at = NULL WHERE pk = ?").run(pk);
      return answer;
    },
  })),
  stateless("a later subscriber gets what was taken back", ({ store, db }) => ({
    subscribe: (agentId, pattern, retained, quota) => {
      db.exec("UPDATE message SET recalled_at = NULL");
      return store.subscribe(agentId, pattern, retained, quota);
    },
  })),
  stateless("what was published to nobody cannot be taken back", ({ store, db }) => ({
    cancel: async (messageId, senderId) => {
      const answer = await store.cancel(messageId, senderId);
      if (answer.cancelled === 0) db.prepare("UPDATE message SET recalled_at = NULL WHERE id = ?").run(messageId);
      return answer;
    },
  })),
  stateless("a later subscriber gets what is past its life", ({ store, db }) => ({
    subscribe: async (agentId, pattern, retained, quota) => {
      db.exec("UPDATE message SET expires_at = expires_at + 1e12 WHERE topic IS NOT NULL");
      const answer = await store.subscribe(agentId, pattern, retained, quota);
      db.exec("UPDATE message SET expires_at = expires_at - 1e12 WHERE topic IS NOT NULL");
      return answer;
    },
  })),
  ofStore("a subscription that was there is made anew", ({ store }) => ({
    subscribe: async (agentId, pattern, retained, quota) => {
      await store.unsubscribe(agentId, pattern);
      return store.subscribe(agentId, pattern, retained, quota);
    },
  })),
  stateless("an fyi is pushed to who subscribes later", ({ store, db }) => ({
    subscribe: async (agentId, pattern, retained, quota) => {
      const answer = await store.subscribe(agentId, pattern, retained, quota);
      db.exec("UPDATE delivery SET urgency = 1 WHERE urgency = 0 AND attempt = 0 AND state = 'queued'");
      return answer;
    },
  })),
  stateless(
    "what was published before passes the policy",
    ({ store, db }) => ({
      subscribe: (...terms) => whileSet(db, "agent", "policy", "NULL", () => store.subscribe(...terms)),
    }),
    ["policy", "publish to a subscriber"],
  ),
  stateless(
    "a published message is pruned with its key",
    ({ store, db, clock }) => ({
      prune: async (retentionMs, limit) => {
        const n = await store.prune(retentionMs, limit);
        db.prepare(
          `DELETE FROM message WHERE topic IS NOT NULL AND expires_at <= ?
         AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message_pk = message.pk)`,
        ).run(clock.now());
        return n;
      },
    }),
    ["publish to a subscriber"],
  ),
];
