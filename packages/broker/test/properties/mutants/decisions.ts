/** Mutants of what senders and receivers decide, and of what senders are told. */
import type { AgentId } from "@agentmesh/protocol";
import type { Database } from "../../../src/store/sqlite/driver/database.ts";
import { type Mutant, ofStore, stateless } from "./mutant.ts";

const silent = <T extends { readonly bounce?: unknown }>({ bounce: _, ...rest }: T) => rest;

/** Undoes what ended a delivery, in its row alone. */
function reopen(db: Database, state: string, ref: string): void {
  db.prepare("UPDATE delivery SET state = 'queued', ended_at = NULL WHERE state = ? AND id = ?").run(state, ref);
}

export const decisionMutants: Mutant[] = [
  stateless(
    "what was dismissed is listed",
    ({ db, store }) => ({
      listDead: (query) => {
        db.exec("UPDATE delivery SET dismissed_at = NULL");
        return store.listDead(query);
      },
    }),
    ["dismiss"],
  ),
  ofStore("anybody may dismiss what is dead", ({ store }) => ({ dismiss: (_, ref) => store.dismiss(undefined, ref) }), [
    "dismiss",
  ]),
  stateless(
    "dismissing takes a dead letter out of the history",
    ({ db, store }) => ({
      dismiss: async (owner, ref) => {
        const answer = await store.dismiss(owner, ref);
        if (answer.kind === "done")
          db.prepare("UPDATE delivery SET state = 'cancelled' WHERE id = ?").run(answer.delivery.id);
        return answer;
      },
    }),
    ["dismiss"],
  ),
  stateless(
    "what is put back stays dismissed",
    ({ db, store }) => ({
      redrive: async (owner, ref, quota) => {
        const answer = await store.redrive(owner, ref, quota);
        if (answer.kind === "done")
          db.prepare("UPDATE delivery SET dismissed_at = 1 WHERE id = ?").run(answer.delivery.id);
        return answer;
      },
    }),
    ["dismiss", "redrive"],
  ),
  stateless("what was leased can be taken back", ({ store, db }) => ({
    cancel: (messageId, senderId) => {
      db.exec("UPDATE delivery SET attempt = 0 WHERE state = 'queued'");
      return store.cancel(messageId, senderId);
    },
  })),
  stateless(
    "anybody may take a message back",
    ({ store, db }) => ({
      cancel: (messageId, senderId) => {
        const sender = db
          .prepare<[string], { id: AgentId }>(
            "SELECT a.id FROM agent a JOIN message m ON m.sender_pk = a.pk WHERE m.id = ?",
          )
          .get(messageId);
        return store.cancel(messageId, sender?.id ?? senderId);
      },
    }),
    ["take back"],
  ),
  stateless("what is held cannot be taken back", ({ store, db }) => ({
    cancel: async (messageId, senderId) => {
      const held = db.prepare(
        "SELECT 1 FROM delivery d JOIN message m ON m.pk = d.message_pk WHERE m.id = ? AND d.state = 'held'",
      );
      return held.get(messageId) ? { cancelled: 0, before: 0, left: [] } : store.cancel(messageId, senderId);
    },
  })),
  stateless("taking back is answered and undone", ({ store, db }) => ({
    cancel: async (messageId, senderId) => {
      const answer = await store.cancel(messageId, senderId);
      if (answer.cancelled > 0)
        db.exec("UPDATE delivery SET state = 'queued', ended_at = NULL WHERE state = 'cancelled'");
      return answer;
    },
  })),
  stateless(
    "a question that was taken back is owed",
    ({ store, db }) => ({
      cancel: async (messageId, senderId) => {
        const answer = await store.cancel(messageId, senderId);
        db.prepare(
          "UPDATE ask SET closed_at = NULL WHERE reply_pk IS NULL AND message_pk = (SELECT pk FROM message WHERE id = ?)",
        ).run(messageId);
        return answer;
      },
    }),
    ["ask", "take back", "list asks"],
  ),
  stateless(
    "what has ended well is redriven",
    ({ store, db }) => ({
      redrive: (owner, ref, quota) => {
        db.prepare("UPDATE delivery SET state = 'dead' WHERE state IN ('acked', 'expired') AND id = ?").run(ref);
        return store.redrive(owner, ref, quota);
      },
    }),
    ["redrive"],
  ),
  ofStore(
    "a redrive does not ask for room",
    ({ store }) => ({
      redrive: (owner, ref) => store.redrive(owner, ref, { maxMessages: 1e9, maxBytes: 1e9 }),
    }),
    ["redrive", "lease and reject", "send"],
  ),
  stateless(
    "anybody may redrive",
    ({ store, db }) => ({
      redrive: (owner, ref, quota) => {
        const known = db.prepare("SELECT 1 FROM delivery WHERE id = ?").get(ref);
        return store.redrive(known ? undefined : owner, ref, quota);
      },
    }),
    ["redrive", "lease and reject"],
  ),
  stateless("a redriven delivery keeps its failures", ({ store, db }) => ({
    redrive: async (owner, ref, quota) => {
      const verdict = await store.redrive(owner, ref, quota);
      if (verdict.kind === "done") db.prepare("UPDATE delivery SET failures = 2 WHERE id = ?").run(verdict.delivery.id);
      return verdict;
    },
  })),
  stateless("a redriven delivery has its old life", ({ store, db }) => ({
    redrive: async (owner, ref, quota) => {
      const verdict = await store.redrive(owner, ref, quota);
      if (verdict.kind === "done") {
        db.prepare(
          "UPDATE delivery SET expires_at = (SELECT expires_at FROM message WHERE pk = message_pk) WHERE id = ?",
        ).run(verdict.delivery.id);
      }
      return verdict;
    },
  })),
  stateless("a redriven delivery goes to the end of its inbox", ({ store, db }) => ({
    redrive: async (owner, ref, quota) => {
      const verdict = await store.redrive(owner, ref, quota);
      if (verdict.kind === "done") {
        db.prepare("UPDATE delivery SET seq = (SELECT next_seq FROM agent WHERE pk = agent_pk) WHERE id = ?").run(
          verdict.delivery.id,
        );
      }
      return verdict;
    },
  })),
  stateless("a redrive is answered and undone", ({ store, db }) => ({
    redrive: async (owner, ref, quota) => {
      const verdict = await store.redrive(owner, ref, quota);
      if (verdict.kind === "done") {
        db.prepare("UPDATE delivery SET state = 'dead', ended_at = 1 WHERE id = ?").run(verdict.delivery.id);
      }
      return verdict;
    },
  })),
  ofStore("nobody is told that a redriven delivery waits", ({ store }) => {
    let deaf = false;
    return {
      listen: (to) => store.listen({ ...to, ready: (id, isStreamed) => (deaf ? undefined : to.ready(id, isStreamed)) }),
      redrive: async (owner, ref, quota) => {
        deaf = true;
        const verdict = await store.redrive(owner, ref, quota);
        setImmediate(() => setImmediate(() => (deaf = false)));
        return verdict;
      },
    };
  }),
  ofStore(
    "a list of dead letters shows everybody's",
    ({ store }) => ({
      listDead: (query) => store.listDead({ ...query, owner: undefined }),
    }),
    ["list dead letters", "lease and reject"],
  ),
  ofStore(
    "a page of dead letters leaves out the one before the next",
    ({ store }) => ({
      listDead: async (query) => {
        const page = await store.listDead(query);
        return { ...page, entries: page.nextAfter ? page.entries.slice(0, -1) : page.entries };
      },
    }),
    ["list dead letters", "lease and reject"],
  ),
  ofStore(
    "an agent is told what needs a person at others",
    ({ store }) => ({ heldNeeds: (sought) => store.heldNeeds({ ...sought, viewer: undefined }) }),
    ["look for needs", "hold and decide"],
  ),
  ofStore(
    "dead letters of another reason are no need",
    ({ store }) => ({ deadNeeds: async (sought) => (await store.deadNeeds(sought)).slice(0, 1) }),
    ["look for needs", "lease and reject", "dismiss"],
  ),
  ofStore(
    "a question that is not due is told as overdue",
    ({ store, clock }) => ({
      overdueNeeds: async (sought) => {
        const early = await store.listAsks("owed", undefined, 100);
        const told = await store.overdueNeeds(sought);
        const [next] = early.filter(({ dueAt }) => Date.parse(dueAt) > clock.now());
        return next ? [...told, { ...next, toPerson: false, askedAt: 0, dueAt: Date.parse(next.dueAt) }] : told;
      },
    }),
    ["look for needs", "ask", "ask one and wait"],
  ),
  stateless("anybody may admit what is held", ({ store, db }) => ({
    admit: (owner, ref) => {
      const known = db.prepare("SELECT 1 FROM delivery WHERE id = ?").get(ref);
      return store.admit(known ? undefined : owner, ref);
    },
  })),
  stateless("an admission is answered and undone", ({ store, db }) => ({
    admit: async (owner, ref) => {
      const verdict = await store.admit(owner, ref);
      if (verdict.kind === "done") {
        // A stream may have it already.
        db.prepare(
          `UPDATE delivery SET state = 'held', receipt = NULL, session_id = NULL, lease_ends_at = NULL, stream_position = NULL
           WHERE id = ?`,
        ).run(verdict.delivery.id);
      }
      return verdict;
    },
  })),
  stateless("a refused delivery is let in", ({ store, db }) => ({
    refuse: async (owner, ref, terms) => {
      const verdict = await store.refuse(owner, ref, terms);
      if (verdict.kind === "done") reopen(db, "refused", verdict.delivery.id);
      return verdict;
    },
  })),
  ofStore("who is refused is not told", ({ store }) => ({
    refuse: (owner, ref, terms) => store.refuse(owner, ref, silent(terms)),
  })),
  ofStore("who is rejected is not told", ({ store }) => ({
    reject: (agentId, ref, receipt, terms) => store.reject(agentId, ref, receipt, silent(terms)),
  })),
  ofStore(
    "whose message was given up is not told",
    ({ store }) => ({
      expireLeases: (limit, retry) => store.expireLeases(limit, silent(retry)),
    }),
    ["lease and hang", "send several"],
  ),
  ofStore("whose message expired is not told", ({ store }) => ({
    expireMessages: (limit) => store.expireMessages(limit),
  })),
  stateless(
    "a sender with a full inbox is not told",
    ({ store, db }) => ({
      expireMessages: (limit, bounce) => {
        const full = db.prepare("SELECT 1 FROM agent WHERE open_count >= 7").get();
        return store.expireMessages(limit, full ? undefined : bounce);
      },
    }),
    ["send several", "sweep at a deadline"],
  ),
  stateless("a sender is told twice", ({ store, db }) => ({
    expireMessages: async (limit, bounce) => {
      const last = db.prepare<[], { pk: number | null }>("SELECT MAX(pk) AS pk FROM delivery").get()?.pk ?? 0;
      const n = await store.expireMessages(limit, bounce);
      const told = db.prepare<[number], { pk: number; message: number }>(
        "SELECT pk, message_pk AS message FROM delivery WHERE pk > ?",
      );
      for (const { pk, message } of told.all(last)) {
        const copy = db
          .prepare<[number], { pk: number }>(
            `INSERT INTO message (id, kind, sender_pk, thread_id, body, body_bytes, body_hash, accepted_at, expires_at)
             SELECT 'msg_' || hex(randomblob(16)), kind, sender_pk, thread_id, body, body_bytes, body_hash, accepted_at,
               expires_at
             FROM message WHERE pk = ? RETURNING pk`,
          )
          .get(message);
        db.prepare(
          `INSERT INTO delivery (id, message_pk, agent_pk, seq, bytes, state, rank, accepted_at, expires_at)
           SELECT 'dlv_' || hex(randomblob(16)), ?, agent_pk, seq + 1000, bytes, 'queued', rank, accepted_at, expires_at
           FROM delivery WHERE pk = ?`,
        ).run(copy?.pk, pk);
      }
      return n;
    },
  })),
];
