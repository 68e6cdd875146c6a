/** Mutants of asks: answers, debts, reminders. */
import type { AgentId } from "@agentmesh/protocol";
import type { Database } from "../../../src/store/sqlite/driver/database.ts";
import { forgetDeliveries, type Mutant, ofStore, stateless } from "./mutant.ts";

/** Runs `act` while the asks are changed, and puts the changed column back. */
async function whileAsks<T>(
  db: Database,
  column: "nudged_at" | "closed_at" | "due_at",
  set: string,
  act: () => Promise<T>,
) {
  const kept = db.prepare<[], { pk: number; was: number | null }>(`SELECT message_pk AS pk, ${column} AS was FROM ask`);
  const before = kept.all();
  db.exec(`UPDATE ask SET ${set}`);
  const answer = await act();
  for (const { pk, was } of before) db.prepare(`UPDATE ask SET ${column} = ? WHERE message_pk = ?`).run(was, pk);
  return answer;
}

export const askMutants: Mutant[] = [
  stateless("an answered question stays owed", ({ store, db }) => ({
    enqueue: async (message, quota) => {
      const accepted = await store.enqueue(message, quota);
      db.exec("UPDATE ask SET closed_at = NULL WHERE reply_pk IS NOT NULL");
      return accepted;
    },
  })),
  stateless("anybody may answer a question", ({ store, db, clock }) => ({
    enqueue: async (message, quota) => {
      const accepted = await store.enqueue(message, quota);
      db.prepare(
        `UPDATE ask SET closed_at = ?, reply_pk = (SELECT pk FROM message WHERE id = ?)
         WHERE reply_pk IS NULL AND message_pk = (SELECT pk FROM message WHERE id = ?)`,
      ).run(clock.now(), accepted.message.id, message.inReplyTo ?? "");
      return accepted;
    },
  })),
  stateless("an answer to somebody else ends the question", ({ store, db, clock }) => ({
    enqueue: async (message, quota) => {
      const accepted = await store.enqueue(message, quota);
      db.prepare(
        `UPDATE ask SET closed_at = ? WHERE closed_at IS NULL AND message_pk = (SELECT pk FROM message WHERE id = ?)
         AND debtor_pk = (SELECT pk FROM agent WHERE id = ?)`,
      ).run(clock.now(), message.inReplyTo ?? "", message.senderId);
      return accepted;
    },
  })),
  ofStore("a late answer is no answer", ({ store, clock }) => ({
    askStatus: async (messageId) => {
      const status = await store.askStatus(messageId);
      return status && status.dueAt <= clock.now() ? { ...status, reply: undefined } : status;
    },
  })),
  stateless("the asker is never told that its question is not answered", ({ store, db, clock }) => ({
    remindAsks: async (notices, limit) => {
      const over = db
        .prepare<[number], { pk: number }>(
          `SELECT message_pk AS pk FROM ask WHERE closed_at IS NULL AND nudged_at IS NOT NULL AND due_at + answer_within_ms <= ?`,
        )
        .all(clock.now());
      for (const { pk } of over) db.prepare("UPDATE ask SET closed_at = 1 WHERE message_pk = ?").run(pk);
      return over.length + (await store.remindAsks(notices, limit));
    },
  })),
  stateless("who owes an answer is reminded for ever", ({ store, db }) => ({
    remindAsks: (notices, limit) => {
      db.exec("UPDATE ask SET nudged_at = NULL WHERE closed_at IS NULL");
      return store.remindAsks(notices, limit);
    },
  })),
  stateless("who owes an answer is not reminded before the asker is told", ({ store, db }) => ({
    remindAsks: (notices, limit) => {
      db.exec("UPDATE ask SET nudged_at = 1 WHERE nudged_at IS NULL");
      return store.remindAsks(notices, limit);
    },
  })),
  stateless("a reminder comes a second early", ({ store, db }) => ({
    remindAsks: (notices, limit) =>
      whileAsks(db, "due_at", "due_at = due_at - 1000", () => store.remindAsks(notices, limit)),
  })),
  stateless("a reminder goes to the wrong side", ({ store, db }) => ({
    remindAsks: async (notices, limit) => {
      db.exec("UPDATE ask SET debtor_pk = asker_pk, asker_pk = debtor_pk");
      const n = await store.remindAsks(notices, limit);
      db.exec("UPDATE ask SET debtor_pk = asker_pk, asker_pk = debtor_pk");
      return n;
    },
  })),
  stateless("a question that died is reminded of", ({ store, db }) => ({
    remindAsks: (notices, limit) => {
      db.exec("UPDATE ask SET closed_at = NULL WHERE reply_pk IS NULL AND nudged_at IS NULL");
      return store.remindAsks(notices, limit);
    },
  })),
  stateless(
    "questions are forgotten at a restart",
    ({ db, start }) => {
      if (start > 1) db.exec("DELETE FROM ask");
      return {};
    },
    ["ask", "restart"],
  ),
  stateless(
    "reminders begin anew at a restart",
    ({ db, start }) => {
      if (start > 1) db.exec("UPDATE ask SET nudged_at = NULL");
      return {};
    },
    ["ask", "sweep at a deadline", "restart"],
  ),
  ofStore("a list of questions shows everybody's", ({ store }) => ({
    listAsks: (side, _agentId, limit) => store.listAsks(side, undefined, limit),
  })),
  ofStore("who owes and who waits are mixed up", ({ store }) => ({
    listAsks: (side, agentId, limit) => store.listAsks(side === "owed" ? "waiting" : "owed", agentId, limit),
  })),
  stateless("what is waived stays owed", ({ store, db }) => ({
    waive: async (messageId, asker, terms) => {
      const verdict = await store.waive(messageId, asker, terms);
      if (verdict.kind === "done") db.exec("UPDATE ask SET closed_at = NULL WHERE waived_at IS NOT NULL");
      return verdict;
    },
  })),
  ofStore("whoever owes an answer may waive it, and so may anybody", ({ store }) => ({
    waive: (messageId, _asker, terms) => store.waive(messageId, undefined, terms),
  })),
  stateless("who owed an answer is told twice that it does no more", ({ store, db }) => ({
    waive: (messageId, asker, terms) => {
      db.prepare("UPDATE ask SET waived_at = NULL WHERE message_pk = (SELECT pk FROM message WHERE id = ?)").run(
        messageId,
      );
      return store.waive(messageId, asker, terms);
    },
  })),
  stateless("who owed an answer is not told that it does no more", ({ store, db }) => ({
    waive: async (messageId, asker, terms) => {
      const newest = "(SELECT MAX(d.pk) FROM delivery d JOIN message m ON m.pk = d.message_pk WHERE m.kind = 'nudge')";
      const before = db.prepare<[], { pk: number | null }>(`SELECT ${newest} AS pk`).get()?.pk ?? 0;
      const verdict = await store.waive(messageId, asker, terms);
      forgetDeliveries(db, `pk > ${before} AND pk = ${newest}`);
      return verdict;
    },
  })),
  stateless("a question that is put back stays waived", ({ store, db }) => ({
    redrive: async (owner, ref, quota) => {
      const kept = db.prepare<[], { pk: number; at: number }>(
        "SELECT message_pk AS pk, waived_at AS at FROM ask WHERE waived_at IS NOT NULL",
      );
      const before = kept.all();
      const verdict = await store.redrive(owner, ref, quota);
      for (const { pk, at } of before) db.prepare("UPDATE ask SET waived_at = ? WHERE message_pk = ?").run(at, pk);
      return verdict;
    },
  })),
  ofStore("an asker is not told what another waived", ({ store }) => ({
    waive: (messageId, asker, { bounce: _, ...terms }) => store.waive(messageId, asker, terms),
  })),
  stateless("a question that is owed is pruned", ({ store, db }) => ({
    prune: (retentionMs, limit) =>
      whileAsks(db, "closed_at", "closed_at = COALESCE(closed_at, 1)", () => store.prune(retentionMs, limit)),
  })),
  ofStore("an answer that is leased is acked, though its asker may have given up", ({ store }) => ({
    leaseAnswer: async (messageId, terms) => {
      const leased = await store.leaseAnswer(messageId, terms);
      if (leased) await store.ack(terms.agentId, leased.id, undefined, "read");
      return leased;
    },
  })),
  stateless("an answer is leased to whoever names the question", ({ store, db }) => ({
    leaseAnswer: async (messageId, terms) => {
      const asker = db
        .prepare<[string], { id: AgentId }>(
          `SELECT a.id FROM ask k JOIN message m ON m.pk = k.message_pk JOIN agent a ON a.pk = k.asker_pk WHERE m.id = ?`,
        )
        .get(messageId);
      return store.leaseAnswer(messageId, { ...terms, agentId: asker?.id ?? terms.agentId });
    },
  })),
  stateless("an answer that is in hand is leased a second time", ({ store, db }) => ({
    leaseAnswer: (messageId, terms) => {
      db.prepare(
        `UPDATE delivery SET state = 'queued', receipt = NULL, session_id = NULL, lease_ends_at = NULL, stream_position = NULL
         WHERE state = 'leased' AND message_pk =
           (SELECT reply_pk FROM ask WHERE message_pk = (SELECT pk FROM message WHERE id = ?))`,
      ).run(messageId);
      return store.leaseAnswer(messageId, terms);
    },
  })),
  stateless("an answer that is kept back is leased to nobody, also not to who asked", ({ store, db, clock }) => ({
    leaseAnswer: async (messageId, terms) => {
      const { id } =
        db
          .prepare<[number, string], { id: string }>(
            `SELECT d.id FROM delivery d JOIN ask k ON k.reply_pk = d.message_pk
             WHERE d.ready_at > ? AND k.message_pk = (SELECT pk FROM message WHERE id = ?)`,
          )
          .get(clock.now(), messageId) ?? {};
      return id === undefined ? store.leaseAnswer(messageId, terms) : undefined;
    },
  })),
  stateless("an answer is leased for a session that is over", ({ store, sessions }) => ({
    leaseAnswer: (messageId, terms) => {
      const known = terms.session !== undefined && [...sessions.all()].some(({ id }) => id === terms.session);
      return store.leaseAnswer(messageId, { ...terms, session: known ? terms.session : undefined });
    },
  })),
  ofStore("an answer is not kept back for who waits for it", ({ store }) => ({
    enqueue: ({ keepBackMs: _, ...message }, quota) => store.enqueue(message, quota),
  })),
];
