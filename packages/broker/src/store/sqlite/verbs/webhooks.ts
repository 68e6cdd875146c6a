/** The Store's verbs on webhooks. */
import type { AgentId } from "@agentmesh/protocol";
import type { WebhookStore } from "../../../mesh/store/webhooks.ts";
import type { Store } from "../../../mesh/store.ts";
import { eventWebhookRecord } from "../../shared/rows/event-webhooks.ts";
import { followedTask, webhookRecord } from "../../shared/rows/webhooks.ts";
import { ackDelivery, giveBack, underLease } from "../acts/lease.ts";
import { laneOf } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** The Store's verbs on webhooks. */
export function webhookVerbs({
  engine,
  context,
  peek,
  read,
  write,
}: VerbParts): Pick<Store, "release" | keyof WebhookStore> {
  const { agents, deliveries, webhooks, eventWebhooks } = engine;
  const pkOf = (agentId: AgentId) => agents.row(agentId)?.pk ?? 0;
  return {
    release: (agentId, ref, receipt, { reason, retry }) =>
      write(laneOf.agent(agentId), () =>
        underLease(engine, context, agentId, ref, receipt, (row) => {
          const terms = { event: "released", reason, failed: false, delayMs: 0, retry } as const;
          giveBack(engine, context, { ...row, agent_id: agentId }, terms);
        }),
      ),
    putWebhook: (agentId, sealed) =>
      write(laneOf.agent(agentId), () => {
        // An agent that has left meanwhile has no row to hang it on.
        const { id } = agents.current(agentId);
        webhooks.put(pkOf(id), sealed);
      }),
    resealWebhook: (agentId, sealed) => write(laneOf.agent(agentId), () => void webhooks.reseal(pkOf(agentId), sealed)),
    webhookOf: (agentId) =>
      read(() => {
        const row = webhooks.one(pkOf(agentId));
        return row && webhookRecord(row);
      }),
    listWebhooks: () => peek(() => webhooks.all().map(webhookRecord)),
    noteWebhook: (agentId, note) =>
      write(laneOf.agent(agentId), () => {
        if (note.kind === "taken") webhooks.noteTaken(pkOf(agentId));
        else webhooks.noteFailed(pkOf(agentId), { ...note, disabled: note.kind === "disabled" });
      }),
    removeWebhook: (agentId) => write(laneOf.agent(agentId), () => webhooks.remove(pkOf(agentId))),
    ackFollowed: (agentId, delivery, task) =>
      write(laneOf.agent(agentId), () => {
        const verdict = ackDelivery(engine, context, agentId, delivery, undefined, "taken");
        const own = deliveries.own(agentId, delivery);
        if (own) webhooks.follow(own.recipient_pk, own.pk, task);
        return verdict;
      }),
    listFollowed: () =>
      peek(() =>
        webhooks.followed().flatMap((row) => {
          const delivery = deliveries.byPk(row.delivery_pk);
          return delivery ? followedTask(row, delivery) : [];
        }),
      ),
    unfollow: (agentId, delivery) =>
      write(laneOf.agent(agentId), () => {
        const own = deliveries.own(agentId, delivery);
        if (own) webhooks.unfollow(own.pk);
      }),
    putEventWebhook: (webhook, quota) =>
      write(laneOf.agent(webhook.agentId), () => {
        const row = eventWebhooks.put(pkOf(agents.current(webhook.agentId).id), webhook, quota);
        return row ? eventWebhookRecord(row) : "full";
      }),
    listEventWebhooks: () => peek(() => eventWebhooks.all().map(eventWebhookRecord)),
    moveEventWebhook: (agentId, id, cursor) => write(laneOf.agent(agentId), () => void eventWebhooks.move(id, cursor)),
    endEventWebhook: (agentId, id) => write(laneOf.agent(agentId), () => eventWebhooks.end(pkOf(agentId), id)),
  };
}
