/** Mutants of what receivers want: policy, urgency, focus. */
import { type Mutant, ofStore, stateless, whileSet } from "./mutant.ts";

export const receiverMutants: Mutant[] = [
  stateless("a policy is stored and ignored", ({ store, db }) => ({
    enqueue: (message, quota) => whileSet(db, "agent", "policy", "NULL", () => store.enqueue(message, quota)),
  })),
  stateless(
    "policies are forgotten at a restart",
    ({ db, start }) => {
      if (start > 1) db.exec("UPDATE agent SET policy = NULL");
      return {};
    },
    ["policy", "restart", "send"],
  ),
  stateless("a policy has no rules for single senders", ({ store, db }) => ({
    enqueue: (message, quota) =>
      whileSet(db, "agent", "policy", "json_set(policy, '$.senders', json('{}'))", () => store.enqueue(message, quota)),
  })),
  stateless("a rule for a class goes before one for a sender", ({ store, db }) => ({
    enqueue: (message, quota) => {
      const first =
        "CASE WHEN json_extract(policy, '$.trust') = '{}' THEN policy ELSE json_set(policy, '$.senders', json('{}')) END";
      return whileSet(db, "agent", "policy", first, () => store.enqueue(message, quota));
    },
  })),
  stateless("a policy has no rules for trust classes", ({ store, db }) => ({
    enqueue: (message, quota) =>
      whileSet(db, "agent", "policy", "json_set(policy, '$.trust', json('{}'))", () => store.enqueue(message, quota)),
  })),
  stateless("a rule for the same machine goes before one for the same repository", ({ store, db }) => ({
    enqueue: (message, quota) => {
      const wider =
        "CASE WHEN json_extract(policy, '$.trust.\"same-machine\"') IS NULL THEN policy ELSE json_remove(policy, '$.trust.\"same-repo\"') END";
      return whileSet(db, "agent", "policy", wider, () => store.enqueue(message, quota));
    },
  })),
  stateless(
    "who calls itself cli is a person",
    ({ store, db }) => ({
      enqueue: (message, quota) => {
        const claimed = "iif(json_extract(profile, '$.client') = 'cli', 1, 0)";
        return whileSet(db, "agent", "person", claimed, () => store.enqueue(message, quota));
      },
    }),
    ["send", "lease"],
  ),
  stateless(
    "what came by the predecessor's wire is stamped as if it had a token",
    ({ store, db }) => ({
      enqueue: (message, quota) => whileSet(db, "agent", "trust", "'verified'", () => store.enqueue(message, quota)),
    }),
    ["send", "register"],
  ),
  stateless(
    "another machine's person is one everywhere",
    ({ store, db }) => ({
      enqueue: (message, quota) => {
        const own = "iif(person = 1, NULL, machine_pk)";
        return whileSet(db, "agent", "machine_pk", own, () => store.enqueue(message, quota));
      },
    }),
    ["a machine's person writes", "register on a machine", "send"],
  ),
  stateless(
    "an agent is of the machine whose host it says",
    ({ store, db }) => ({
      enqueue: (message, quota) => whileSet(db, "agent", "machine_pk", "NULL", () => store.enqueue(message, quota)),
    }),
    ["a machine's person writes", "register on a machine", "send"],
  ),
  stateless(
    "a person is none after a restart",
    ({ db, start }) => {
      if (start > 1) db.exec("UPDATE agent SET person = 0");
      return {};
    },
    ["restart", "send"],
  ),
  stateless(
    "how a message came is what it would be now",
    ({ store, db }) => ({
      registerAgent: async (agent) => {
        const known = await store.registerAgent(agent);
        if (!known.created) db.exec("UPDATE delivery SET trust = 'same-machine' WHERE trust = 'same-repo'");
        return known;
      },
    }),
    ["register", "send"],
  ),
  stateless(
    "what is published is stamped with one class for all",
    ({ store, db }) => ({
      publish: async (message, quota) => {
        const published = await store.publish(message, quota);
        db.prepare(
          "UPDATE delivery SET trust = 'same-machine' WHERE message_pk = (SELECT pk FROM message WHERE id = ?)",
        ).run(published.message.id);
        return published;
      },
    }),
    ["publish", "subscribe"],
  ),
  stateless("a refused message is held", ({ store, db }) => ({
    enqueue: (message, quota) =>
      whileSet(db, "agent", "policy", "replace(policy, 'refuse', 'hold')", () => store.enqueue(message, quota)),
  })),
  stateless("who is asked may not answer", ({ store, db }) => ({
    enqueue: async (message, quota) => {
      const { inReplyTo } = message;
      if (inReplyTo === undefined) return store.enqueue(message, quota);
      const sender = "(SELECT pk FROM agent WHERE id = ?)";
      const was = db
        .prepare<[string], { pk: number }>("SELECT sender_pk AS pk FROM message WHERE id = ?")
        .get(inReplyTo);
      db.prepare(`UPDATE message SET sender_pk = ${sender} WHERE id = ?`).run(message.senderId, inReplyTo);
      try {
        return await store.enqueue(message, quota);
      } finally {
        db.prepare("UPDATE message SET sender_pk = ? WHERE id = ?").run(was?.pk, inReplyTo);
      }
    },
  })),
  stateless("what is held is handed out", ({ store, db }) => ({
    lease: (terms) => {
      db.exec("UPDATE delivery SET state = 'queued' WHERE state = 'held'");
      return store.lease(terms);
    },
  })),
  stateless("what is held has no end", ({ store, db }) => ({
    expireMessages: async (limit, bounce) => {
      db.exec("UPDATE delivery SET expires_at = expires_at + 1e12 WHERE state = 'held'");
      const n = await store.expireMessages(limit, bounce);
      db.exec("UPDATE delivery SET expires_at = expires_at - 1e12 WHERE state = 'held'");
      return n;
    },
  })),
  stateless("an interrupt waits its turn", ({ store, db }) => ({
    lease: (terms) => whileSet(db, "delivery", "rank", "MAX(rank, 1)", () => store.lease(terms)),
  })),
  stateless("notices go before messages", ({ store, db }) => ({
    lease: (terms) => whileSet(db, "delivery", "rank", "rank % 2", () => store.lease(terms)),
  })),
  ofStore(
    "a stream is given what it did not ask for",
    ({ store }) => ({
      lease: ({ stream, ...terms }) => {
        if (!stream) return store.lease(terms);
        const { urgency: _, ...rest } = stream;
        return store.lease({ ...terms, stream: rest });
      },
    }),
    ["stream", "send"],
  ),
  stateless("a focus is ignored", ({ store, db }) => ({
    lease: (terms) => whileSet(db, "agent", "focus_until", "NULL", () => store.lease(terms)),
  })),
  stateless("a focus keeps readers away", ({ store, db, clock }) => ({
    lease: async (terms) => {
      const focus = db.prepare("SELECT 1 FROM agent WHERE id = ? AND focus_until > ?").get(terms.agentId, clock.now());
      return focus && !terms.stream ? { leased: [], queued: 0 } : store.lease(terms);
    },
  })),
  ofStore("a focus lasts a minute longer than it was set", ({ store }) => ({
    setFocus: (agentId, focus) => store.setFocus(agentId, focus && { ...focus, forMs: focus.forMs + 60_000 }),
  })),
  stateless("nothing goes through a focus", ({ store, db }) => ({
    lease: (terms) => whileSet(db, "agent", "focus_allows", "'nothing'", () => store.lease(terms)),
  })),
  stateless("the end of a focus is not announced", ({ store, db }) => ({
    announceDue: () => whileSet(db, "agent", "focus_until", "NULL", () => store.announceDue()),
  })),
];
