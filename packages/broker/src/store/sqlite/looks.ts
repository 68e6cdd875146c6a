/** The Store's reads over what everybody has stored: each along an index, with an end. */
import type { MessageId } from "@agentmesh/protocol";
import type { Looks } from "../../mesh/looks.ts";
import type { Store } from "../../mesh/store.ts";
import { inboxPage, messageStatus, placeMessage, storeStats } from "./reads.ts";
import type { VerbParts } from "./verbs.ts";

/** The verbs that look. */
export function lookVerbs({
  engine,
  context: { db, clock, publishing },
  read,
}: VerbParts): Looks & Pick<Store, "placeMessage" | "listInbox" | "stats"> {
  const { names } = engine;
  /** Nobody is shown a part of those who get what is being published. */
  const whole = (messageId: MessageId) => publishing.get(messageId)?.catch(() => undefined);
  return {
    namesAround: (text, limit) => read(() => names.around(text, limit)),
    namesAmong: (wanted) => read(() => names.among(wanted)),
    placeMessage: (ref, viewer) => read(() => placeMessage(engine, ref, viewer)),
    messageStatus: async (messageId) => {
      await whole(messageId);
      return read(() => messageStatus(engine, messageId));
    },
    traceMessage: async (messageId, page) => {
      await whole(messageId);
      return read(() => engine.trace.page(messageId, page));
    },
    listInbox: (query) => read(() => inboxPage(engine, query, clock.now())),
    stats: () => read(() => storeStats(engine, db)),
  };
}
