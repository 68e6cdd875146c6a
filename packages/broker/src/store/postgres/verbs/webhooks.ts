/** The Store's verbs on webhooks. */

import type { WebhookStore } from "../../../mesh/store/webhooks.ts";
import type { FollowedTask } from "../../../mesh/store.ts";
import { laneOf } from "../../shared/lanes.ts";
import { eventWebhookRecord } from "../../shared/rows/event-webhooks.ts";
import { followedTask, webhookRecord } from "../../shared/rows/webhooks.ts";
import { ackDelivery } from "../acts/lease.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on them. */
export function webhookVerbs({ read, write }: VerbParts): WebhookStore {
  return {
    putWebhook: (agentId, sealed) =>
      write(laneOf.agent(agentId), async ({ agents, webhooks }) => {
        // An agent that has left meanwhile has no row to hang it on.
        const { id } = await agents.current(agentId);
        await webhooks.put(await agents.pkOf(id), sealed);
      }),
    resealWebhook: (agentId, sealed) =>
      write(laneOf.agent(agentId), async ({ agents, webhooks }) => webhooks.reseal(await agents.pkOf(agentId), sealed)),
    webhookOf: (agentId) =>
      read(async ({ agents, webhooks }) => {
        const row = await webhooks.one(await agents.pkOf(agentId));
        return row && webhookRecord(row);
      }),
    listWebhooks: () => read(async ({ webhooks }) => (await webhooks.all()).map(webhookRecord)),
    noteWebhook: (agentId, note) =>
      write(laneOf.agent(agentId), async ({ agents, webhooks }) => {
        const pk = await agents.pkOf(agentId);
        if (note.kind === "taken") await webhooks.noteTaken(pk);
        else await webhooks.noteFailed(pk, { ...note, disabled: note.kind === "disabled" });
      }),
    removeWebhook: (agentId) =>
      write(laneOf.agent(agentId), async ({ agents, webhooks }) => webhooks.remove(await agents.pkOf(agentId))),
    ackFollowed: (agentId, delivery, task) =>
      write(laneOf.agent(agentId), async (engine, context) => {
        const verdict = await ackDelivery(engine, context, agentId, delivery, undefined, "taken");
        const own = await engine.deliveries.own(agentId, delivery);
        if (own) await engine.webhooks.follow(own.recipient_pk, own.pk, task);
        return verdict;
      }),
    listFollowed: () =>
      read(async ({ deliveries, webhooks }) => {
        const followed: FollowedTask[] = [];
        for (const row of await webhooks.followed()) {
          const delivery = await deliveries.byPk(row.delivery_pk);
          if (delivery) followed.push(followedTask(row, delivery));
        }
        return followed;
      }),
    unfollow: (agentId, delivery) =>
      write(laneOf.agent(agentId), async ({ deliveries, webhooks }) => {
        const own = await deliveries.own(agentId, delivery);
        if (own) await webhooks.unfollow(own.pk);
      }),
    putEventWebhook: (webhook, quota) =>
      write(laneOf.agent(webhook.agentId), async ({ agents, eventWebhooks }) => {
        const { id } = await agents.current(webhook.agentId);
        const row = await eventWebhooks.put(await agents.pkOf(id), webhook, quota);
        return row ? eventWebhookRecord(row) : "full";
      }),
    listEventWebhooks: () => read(async ({ eventWebhooks }) => (await eventWebhooks.all()).map(eventWebhookRecord)),
    moveEventWebhook: (agentId, id, cursor) =>
      write(laneOf.agent(agentId), async ({ eventWebhooks }) => void (await eventWebhooks.move(id, cursor))),
    endEventWebhook: (agentId, id) =>
      write(laneOf.agent(agentId), async ({ agents, eventWebhooks }) =>
        eventWebhooks.end(await agents.pkOf(agentId), id),
      ),
  };
}
