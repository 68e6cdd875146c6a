/** The Store's verbs on events. */
import type { EventStore } from "../../../mesh/store/events.ts";
import { laneOf } from "../../shared/lanes.ts";
import { each, ROWS, sum } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** Presences that one sweep tells at most. */
const MOST_TOLD = 500;

/** Verbs on events. */
export function eventVerbs({ read, writeSliced }: VerbParts): EventStore {
  return {
    events: ({ turn: _, ...query }) => read(({ eventPages }) => eventPages.page(query)),
    tellPresences: async (staleAfterMs) => {
      const first = await read(({ presences }) => presences.news(staleAfterMs, 1));
      if (first.length === 0) return 0;
      return sum(
        await writeSliced<number>(laneOf.care, async ({ agents, presences }, _context, kept) => {
          const wanted = Math.min(MOST_TOLD - sum(kept), ROWS);
          if (wanted <= 0) return { part: 0, more: false };
          const some = await presences.news(staleAfterMs, wanted);
          // Two brokers that tell the same wait for one another here, and the second finds nothing left to tell.
          await agents.lock(some.map(({ agent_pk }) => agent_pk));
          return each(await presences.news(staleAfterMs, some.length), wanted, presences.tell);
        }),
      );
    },
  };
}
