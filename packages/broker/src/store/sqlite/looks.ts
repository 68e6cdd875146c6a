/** The Store's reads over what everybody has stored: each along an index, with an end. */
import type { Looks } from "../../mesh/looks.ts";
import type { Store } from "../../mesh/store.ts";
import { inboxPage, messageStatus, placeMessage, storeStats } from "./reads.ts";
import type { VerbParts } from "./verbs.ts";

/** The verbs that look. */
export function lookVerbs({
  engine,
  context: { db, clock },
  read,
}: VerbParts): Looks & Pick<Store, "placeMessage" | "listInbox" | "stats"> {
  const { names } = engine;
  return {
    namesAround: (text, limit) => read(() => names.around(text, limit)),
    namesAmong: (wanted) => read(() => names.among(wanted)),
    placeMessage: (ref, viewer) => read(() => placeMessage(engine, ref, viewer)),
    messageStatus: (messageId) => read(() => messageStatus(engine, messageId)),
    traceMessage: (messageId, page) => read(() => engine.trace.page(messageId, page)),
    listInbox: (query) => read(() => inboxPage(engine, query, clock.now())),
    stats: () => read(() => storeStats(engine, db)),
  };
}
