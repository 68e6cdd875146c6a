/** The Store's verbs on topics and subscriptions. */
import type { Store } from "../../../mesh/store.ts";
import { lookForTopics } from "../acts/meant-topics.ts";
import { publish } from "../acts/publish.ts";
import { subscribe } from "../acts/subscribe.ts";
import { laneOf } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on topics and subscriptions. */
export function topicVerbs({
  engine,
  context,
  write,
  writeSliced,
}: VerbParts): Pick<Store, "publish" | "subscribe" | "unsubscribe"> {
  return {
    publish: async (message, quota) => {
      const whole = writeSliced(laneOf.sends(message.senderId), publish(engine, context, message, quota));
      context.publishing.set(message.id, whole);
      try {
        const last = (await whole).at(-1);
        if (!last) throw new Error(`the publish of ${message.id} has no end`);
        return last;
      } finally {
        context.publishing.delete(message.id);
      }
    },
    subscribe: async (agentId, pattern, retained, quota) => {
      const looked = retained > 0 ? lookForTopics(engine, pattern) : undefined;
      const meant = looked instanceof Promise ? await looked : looked;
      return write(laneOf.agent(agentId), () => subscribe(engine, context, agentId, pattern, retained, quota, meant));
    },
    unsubscribe: (agentId, pattern) => write(laneOf.agent(agentId), () => engine.topics.unsubscribe(agentId, pattern)),
  };
}
