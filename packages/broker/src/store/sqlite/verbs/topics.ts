/** The Store's verbs on topics and subscriptions. */
import type { MessageId } from "@agentmesh/protocol";
import { MeshError } from "../../../mesh/errors.ts";
import type { Store } from "../../../mesh/store.ts";
import { lookForTopics } from "../acts/meant-topics.ts";
import { publish, publishRest } from "../acts/publish.ts";
import { subscribe } from "../acts/subscribe.ts";
import { laneOf } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on topics and subscriptions. */
export function topicVerbs({
  engine,
  context,
  write,
  writeSliced,
}: VerbParts): Pick<Store, "publish" | "finishPublishes" | "subscribe" | "unsubscribe"> {
  /** What is said of a publish that failed: that it is accepted, when only the rest of it is missing. */
  const cutOff = (id: MessageId, error: unknown): unknown => {
    if (!engine.topics.underWay(id)) return error;
    context.cutOff.add(id);
    if (!(error instanceof MeshError) || error.code !== "storage_full") return error;
    return new MeshError(
      "storage_full",
      `${id} is accepted and on disk, and the broker's disk is full or failing: who has not got it yet gets it as soon as there is room. Do not publish it again, but under the same idempotency key.`,
    );
  };
  return {
    publish: async (message, quota) => {
      const whole = writeSliced(laneOf.sends(message.senderId), publish(engine, context, message, quota));
      context.publishing.set(message.id, whole);
      try {
        const last = (await whole).at(-1);
        if (!last) throw new Error(`the publish of ${message.id} has no end`);
        return last;
      } catch (error) {
        throw cutOff(message.id, error);
      } finally {
        context.publishing.delete(message.id);
      }
    },
    finishPublishes: async () => {
      const finish = async (id: MessageId) => {
        try {
          await writeSliced(laneOf.care, publishRest(engine, context, id));
          context.cutOff.delete(id);
        } catch (error) {
          if (!(error instanceof MeshError) || error.code !== "storage_full") throw error;
        }
      };
      await Promise.all([...context.cutOff].map(finish));
    },
    subscribe: async (agentId, pattern, retained, quota) => {
      const looked = retained > 0 ? lookForTopics(engine, pattern) : undefined;
      const meant = looked instanceof Promise ? await looked : looked;
      const act = subscribe(engine, context, agentId, pattern, retained, quota, meant);
      const reply = (await writeSliced(laneOf.agent(agentId), act)).at(-1)?.reply;
      if (!reply) throw new Error(`the subscription of ${agentId} to ${pattern} has no end`);
      return reply;
    },
    unsubscribe: (agentId, pattern) => write(laneOf.agent(agentId), () => engine.topics.unsubscribe(agentId, pattern)),
  };
}
