/** The Store's verbs on what was sent and what became of it. */
import type { Store } from "../../../mesh/store.ts";
import { indexWords } from "../acts/index-words.ts";
import { laneOf } from "../commits/slices.ts";
import { piecewise, type VerbParts } from "./parts.ts";

/** Verbs on what was sent and what became of it. */
export function historyVerbs({
  engine,
  peek,
  read,
  writeSliced,
}: VerbParts): Pick<Store, "listMessages" | "findParty" | "personWroteAfter" | "log" | "idsLike"> {
  const { history, indexed, log, messages, shortIds } = engine;
  return {
    listMessages: async ({ turn, ...query }) => {
      // Who has sent something finds it.
      if (query.terms !== undefined && (await peek(() => indexed.behind(1))).length > 0) {
        await writeSliced(laneOf.words, indexWords(engine));
        // All that have waited for it go on at once.
        await turn?.();
      }
      return read(() => history.list(query));
    },
    findParty: (nameOrId) => read(() => history.findParty(nameOrId)),
    personWroteAfter: (messageId) => read(() => messages.personSince(messageId)),
    idsLike: (beginning, viewer) => read(() => shortIds.like(beginning, viewer)),
    log: (query) => piecewise({ peek, read }, log.page(query), query.turn),
  };
}
