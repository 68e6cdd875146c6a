/** Engines that break a promise about event webhooks. */
import { type Mutant, stateless } from "./mutant.ts";

/** They. */
export const eventWebhookMutants: readonly Mutant[] = [
  stateless("a broker that starts knows nothing of event webhooks", ({ db, start }) => {
    if (start > 1) db.exec("DELETE FROM event_webhook");
    return {};
  }),
  stateless("a renewal takes an event webhook back to where it was asked to begin", ({ store, db }) => ({
    putEventWebhook: async (webhook, quota) => {
      const put = await store.putEventWebhook(webhook, quota);
      db.prepare<[string, string]>("UPDATE event_webhook SET cursor = ? WHERE id = ?").run(webhook.cursor, webhook.id);
      return put === "full" ? put : { ...put, cursor: webhook.cursor };
    },
  })),
  stateless("a renewal keeps the secret that was before", ({ store }) => ({
    putEventWebhook: async (webhook, quota) => {
      const before = (await store.listEventWebhooks()).find(({ id }) => id === webhook.id);
      const put = await store.putEventWebhook({ ...webhook, sealed: before?.sealed ?? webhook.sealed }, quota);
      return put === "full" ? put : { ...put, sealed: webhook.sealed };
    },
  })),
  stateless("what was taken is not noted", () => ({ moveEventWebhook: async () => undefined })),
  stateless("what was taken of one is taken of all of its agent", ({ store, db }) => ({
    moveEventWebhook: async (agentId, id, cursor) => {
      await store.moveEventWebhook(agentId, id, cursor);
      db.prepare<[string, string]>(
        "UPDATE event_webhook SET cursor = ? WHERE agent_pk = (SELECT pk FROM agent WHERE id = ?)",
      ).run(cursor, agentId);
    },
  })),
  stateless("one that has ended is only said to", () => ({ endEventWebhook: async () => true })),
  stateless("whoever asks ends one", ({ store }) => ({
    endEventWebhook: async (agentId, id) => {
      const found = (await store.listEventWebhooks()).find((each) => each.id === id);
      return store.endEventWebhook(found?.agentId ?? agentId, id);
    },
  })),
  stateless("an agent has as many as it likes", ({ store }) => ({
    putEventWebhook: (webhook, quota) => store.putEventWebhook(webhook, { ...quota, ofAgent: quota.ofAll }),
  })),
];
