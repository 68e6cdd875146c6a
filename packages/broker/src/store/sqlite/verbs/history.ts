/** The Store's verbs on what was sent and what became of it. */
import type { Store } from "../../../mesh/store.ts";
import { piecewise, type VerbParts } from "./parts.ts";

/** Verbs on what was sent and what became of it. */
export function historyVerbs({
  engine: { history, log, messages, shortIds },
  read,
}: VerbParts): Pick<Store, "listMessages" | "findParty" | "wroteAfter" | "log" | "idsLike"> {
  return {
    listMessages: (query) => read(() => history.list(query)),
    findParty: (nameOrId) => read(() => history.findParty(nameOrId)),
    wroteAfter: (messageId, client) => read(() => messages.wroteAfter(messageId, client)),
    idsLike: (beginning, viewer) => read(() => shortIds.like(beginning, viewer)),
    log: (query) => piecewise(read, log.page(query), query.turn),
  };
}
