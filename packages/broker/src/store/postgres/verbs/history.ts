/** The Store's verbs on what was sent and what became of it. */
import type { Store } from "../../../mesh/store.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on what was sent and what became of it. */
export function historyVerbs({
  read,
}: VerbParts): Pick<Store, "listMessages" | "findParty" | "personWroteAfter" | "log" | "idsLike" | "partiesOf"> {
  return {
    listMessages: ({ turn: _, ...query }) => read(({ history }) => history.list(query)),
    findParty: (nameOrId) => read(({ history }) => history.findParty(nameOrId)),
    personWroteAfter: (messageId) => read(({ messages }) => messages.personSince(messageId)),
    idsLike: (beginning, viewer) => read(({ shortIds }) => shortIds.like(beginning, viewer)),
    partiesOf: (machine, beginning) => read(({ shortIds }) => shortIds.ofMachine(machine, beginning)),
    log: ({ turn: _, ...query }) => read(({ log }) => log.page(query)),
  };
}
