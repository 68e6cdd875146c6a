/** The Store's verbs on webhooks. */
import type { WebhookStore } from "../../../mesh/store/webhooks.ts";
import { laneOf } from "../../shared/lanes.ts";
import { webhookRecord } from "../../shared/rows/webhooks.ts";
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
  };
}
