/** Engines that break a promise about the tasks that webhooks follow. */
import { type Mutant, stateless } from "./mutant.ts";

interface Row {
  readonly delivery_pk: number;
  readonly agent_pk: number;
  readonly task: string;
  readonly ends_at: number;
}

/** They. */
export const webhookMutants: readonly Mutant[] = [
  stateless("a broker that starts knows nothing of tasks", ({ db, start }) => {
    if (start > 1) db.exec("DELETE FROM followed");
    return {};
  }),
  stateless("what is taken as a task is acked, and not followed", ({ store }) => ({
    ackFollowed: (agentId, delivery) => store.ack(agentId, delivery, undefined, "taken"),
  })),
  stateless("what a webhook before took is followed by the one in its place", ({ store }) => ({
    ackFollowed: async (agentId, delivery, task) => {
      const webhookSetAt = (await store.webhookOf(agentId))?.setAt ?? 0;
      return store.ackFollowed(agentId, delivery, { ...task, webhookSetAt });
    },
  })),
  stateless("a webhook that is set anew goes on with the tasks of the one before", ({ store, db }) => ({
    putWebhook: async (agentId, sealed) => {
      const rows = db
        .prepare<[string], Row>("SELECT f.* FROM followed f JOIN agent a ON a.pk = f.agent_pk WHERE a.id = ?")
        .all(agentId);
      await store.putWebhook(agentId, sealed);
      for (const { delivery_pk, agent_pk, task, ends_at } of rows) {
        db.prepare<[number, number, string, number]>("INSERT INTO followed VALUES (?, ?, ?, ?)").run(
          ...([delivery_pk, agent_pk, task, ends_at] as const),
        );
      }
    },
  })),
  stateless("an answer leaves its task to be answered once more", ({ store }) => ({
    enqueue: ({ endsTask: _, ...message }, quota) => store.enqueue(message, quota),
  })),
  stateless("whatever its agent says to it ends a task", ({ store }) => ({
    enqueue: (message, quota) =>
      store.enqueue(message.answers === undefined ? message : { ...message, endsTask: true }, quota),
  })),
  stateless("whoever gives up a task of its own gives up all", ({ store, db }) => ({
    unfollow: async (agentId, delivery) => {
      await store.unfollow(agentId, delivery);
      db.exec("DELETE FROM followed");
    },
  })),
];
