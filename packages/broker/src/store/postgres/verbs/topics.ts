/** The Store's verbs on topics and subscriptions. */
import { MeshError } from "../../../mesh/errors.ts";
import type { Store } from "../../../mesh/store.ts";
import { laneOf } from "../../shared/lanes.ts";
import { publish, publishRest } from "../acts/publish.ts";
import { subscribe } from "../acts/subscribe.ts";
import { ROWS } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on topics and subscriptions. */
export function topicVerbs({
  read,
  write,
  writeSliced,
}: VerbParts): Pick<Store, "publish" | "finishPublishes" | "subscribe" | "unsubscribe"> {
  return {
    publish: async (message, quota) => {
      const act = publish(message, quota);
      let isAccepted = false;
      try {
        const parts = await writeSliced<Awaited<ReturnType<typeof act>>["part"]>(
          laneOf.sends(message.senderId),
          (engine, context, kept) => {
            isAccepted = kept.length > 0;
            return act(engine, context, kept);
          },
        );
        const last = parts.at(-1);
        if (!last) throw new Error(`the publish of ${message.id} has no end`);
        return last;
      } catch (error) {
        if (!isAccepted || !(error instanceof MeshError)) throw error;
        throw new MeshError(
          error.code,
          `${message.id} is accepted and in the database, which cannot be reached now: who has not got it yet gets it as soon as it can. Do not publish it again, but under the same idempotency key.`,
          error.extras,
        );
      }
    },
    finishPublishes: async () => {
      for (const id of await read(({ topics }) => topics.allUnderWay(ROWS))) {
        await writeSliced(laneOf.care, publishRest(id));
      }
    },
    subscribe: async (agentId, pattern, retained, quota) => {
      const parts = await writeSliced(laneOf.agent(agentId), subscribe({ agentId, pattern, retained, quota }));
      const reply = parts.at(-1)?.reply;
      if (!reply) throw new Error(`the subscription of ${agentId} to ${pattern} has no end`);
      return reply;
    },
    unsubscribe: (agentId, pattern) =>
      write(laneOf.agent(agentId), async ({ agents, topics }) => {
        const row = await agents.lockedRow(agentId);
        return row !== undefined && topics.unsubscribe(row.pk, pattern);
      }),
  };
}
