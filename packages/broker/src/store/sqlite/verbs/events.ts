/** The Store's verbs on events. */
import type { EventStore } from "../../../mesh/store/events.ts";
import { laneOf, sum, upTo } from "../commits/slices.ts";
import { piecewise, type VerbParts } from "./parts.ts";

/** Verbs on events. */
export function eventVerbs({ engine, peek, read, writeSliced }: VerbParts): EventStore {
  const { eventPages, presences } = engine;
  return {
    events: ({ turn, ...query }) => piecewise({ peek, read }, eventPages.page(query), turn),
    tellPresences: async (staleAfterMs) => {
      if (presences.news(staleAfterMs, 1).length === 0) return 0;
      const some = (count: number) => presences.news(staleAfterMs, count);
      return sum(await writeSliced(laneOf.care, upTo(MOST_TOLD, some, presences.tell)));
    },
  };
}

/** Presences that one sweep tells at most. */
const MOST_TOLD = 500;
