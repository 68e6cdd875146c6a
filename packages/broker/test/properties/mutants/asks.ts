/** Mutants of asks: answers, debts, reminders. */
import type { Database } from "../../../src/store/sqlite/driver/database.ts";
import { type Mutant, stateless } from "./mutant.ts";

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
  stateless("a late answer is no answer", ({ store, clock }) => ({
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
  stateless("a list of questions shows everybody's", ({ store }) => ({
    listAsks: (side, _agentId, limit) => store.listAsks(side, undefined, limit),
  })),
  stateless("who owes and who waits are mixed up", ({ store }) => ({
    listAsks: (side, agentId, limit) => store.listAsks(side === "owed" ? "waiting" : "owed", agentId, limit),
  })),
  stateless("a question that is owed is pruned", ({ store, db }) => ({
    prune: (retentionMs, limit) =>
      whileAsks(db, "closed_at", "closed_at = COALESCE(closed_at, 1)", () => store.prune(retentionMs, limit)),
  })),
  stateless("an answer is not kept back for who waits for it", ({ store }) => ({
    enqueue: ({ keepBackMs: _, ...message }, quota) => store.enqueue(message, quota),
  })),
];
