/** The Store's reads over what everybody has stored: each along an index, with an end. */
import { MAX_RETAINED, type MessageId } from "@agentmesh/protocol";
import { timestamp } from "../../../mesh/clock.ts";
import type { Looks, SubscriptionPlace } from "../../../mesh/store/looks.ts";
import type { Store, Viewer } from "../../../mesh/store.ts";
import { subscriptionOf } from "../../shared/rows/rows.ts";
import type { Engine } from "../engine.ts";
import type { VerbParts } from "./parts.ts";
import { findMessage, inboxPage, messageStatus, placeMessage, questionOf, storeStats } from "./reads.ts";

/** Subscriptions of an agent, or of all by the time of their agents' registration. */
function subscriptionsPage({ agents, topicPages }: Engine, owner: Viewer, after: SubscriptionPlace, limit: number) {
  if (owner !== undefined) return topicPages.subscriptionsOf(owner, after?.pattern ?? "", limit);
  return topicPages.subscriptions(after ? agents.pkOf(after.agentId) : 0, after?.pattern ?? "", limit);
}

/** Before every agent. */
const FIRST = { name: "", id: "" };

/** The verbs that look. */
export function lookVerbs({
  engine,
  context: { db, clock, publishing },
  peek,
  read,
}: VerbParts): Looks & Pick<Store, "placeMessage" | "listInbox" | "stats"> {
  const { names, topicPages } = engine;
  /** Nobody is shown a part of those who get what is being published. */
  const whole = (messageId: MessageId) => publishing.get(messageId)?.catch(() => undefined);
  return {
    agentsByName: (archived, after, limit) =>
      read(() => {
        const { name, id } = after ?? FIRST;
        return archived
          ? engine.agentPages.archivedByName(name, id, limit)
          : engine.agentPages.presentByName(name, limit);
      }),
    namesakes: (names, limit) => peek(() => engine.agentPages.namesakes(names, limit)),
    agentsByAge: (after, limit) =>
      read(() => engine.agentPages.byAge(after?.registeredAt ?? 0, after?.id ?? "", limit)),
    sessionsAfter: (after, limit) =>
      read(() =>
        engine.agentPages.sessions(after ?? "", limit).map(({ id, seenAt, agentId }) => ({
          id,
          agentId,
          heartbeatAgeMs: Math.max(0, clock.now() - seenAt),
        })),
      ),
    topicsAfter: (after, limit) =>
      read(() =>
        topicPages.page(after, limit).map(({ name, messages, last }) => ({
          topic: name,
          messages: Math.min(messages, MAX_RETAINED),
          lastPublishedAt: timestamp(last),
        })),
      ),
    countSubscribers: (topic) => peek(() => topicPages.listening(engine.topics.patternsOf(topic))),
    listSubscriptions: (owner, after, limit) =>
      read(() => subscriptionsPage(engine, owner, after, limit).map(subscriptionOf)),
    namesAround: (text, limit) => peek(() => names.around(text, limit)),
    namesAmong: (wanted) => peek(() => names.among(wanted)),
    placeMessage: (ref, viewer) => peek(() => placeMessage(engine, ref, viewer)),
    findMessage: (messageId) => peek(() => findMessage(engine, messageId)),
    messageStatus: async (messageId) => {
      await whole(messageId);
      return read(() => messageStatus(engine, messageId));
    },
    traceMessage: async (messageId, page) => {
      await whole(messageId);
      return read(() => engine.trace.page(messageId, page));
    },
    answersTo: (messageId) => read(() => engine.trace.answers(messageId)),
    questionOf: (message, viewer) => peek(() => questionOf(engine, message, viewer)),
    listInbox: (query) => read(() => inboxPage(engine, query, clock.now())),
    stats: () => read(() => storeStats(engine, db)),
  };
}
