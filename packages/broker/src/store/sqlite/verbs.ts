/** The Store's verbs on topics and asks. */
import type { Store } from "../../mesh/store.ts";
import type { EngineContext } from "./context.ts";
import type { Engine } from "./engine.ts";
import { listTopics, publish, subscribe } from "./publish.ts";
import { askStatus } from "./reads.ts";
import { openAskOf, remind } from "./remind.ts";
import { subscriptionOf } from "./rows.ts";

/** What verbs are made of: the statements, and how to run an act or a read. */
export interface VerbParts {
  readonly engine: Engine;
  readonly context: EngineContext;
  readonly read: <T>(act: () => T) => Promise<T>;
  readonly write: <T>(act: () => T) => Promise<T>;
}

/** Verbs on topics and subscriptions. */
export function topicVerbs({
  engine,
  context,
  read,
  write,
}: VerbParts): Pick<Store, "publish" | "subscribe" | "unsubscribe" | "listSubscriptions" | "listTopics"> {
  return {
    publish: (message, quota) => write(() => publish(engine, context, message, quota)),
    subscribe: (agentId, pattern, retained) => write(() => subscribe(engine, context, agentId, pattern, retained)),
    unsubscribe: (agentId, pattern) => write(() => engine.topics.unsubscribe(agentId, pattern)),
    listSubscriptions: (owner) => read(() => engine.topics.subscriptions(owner).map(subscriptionOf)),
    listTopics: (limit) => read(() => listTopics(engine, limit)),
  };
}

/** Verbs on asks, and on the keys under which messages were sent. */
export function askVerbs({
  engine,
  context,
  read,
  write,
}: VerbParts): Pick<Store, "knowsKey" | "askStatus" | "listAsks" | "remindAsks"> {
  const { agents, asks, messages } = engine;
  return {
    knowsKey: (senderId, key) => read(() => messages.keyInUse(agents.row(senderId)?.pk ?? 0, key) !== undefined),
    askStatus: (messageId) => read(() => askStatus(engine, messageId)),
    listAsks: (side, agentId, limit) =>
      read(() => asks.list(side, agentId, limit).map((row) => openAskOf(row, context.clock.now()))),
    remindAsks: async (notices, limit) => {
      if (asks.overdue(1).length === 0) return 0;
      return write(() => remind(engine, context, notices, limit));
    },
  };
}
