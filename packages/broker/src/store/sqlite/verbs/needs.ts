/** The Store's looks for what waits for a person. */
import type { NeedStore, NeedsSought } from "../../../mesh/store/needs.ts";
import { piecewise, type VerbParts } from "./parts.ts";

/** The verbs that look for needs. */
export function needVerbs({ engine, peek, read }: VerbParts): NeedStore {
  const { agents, needs, loads } = engine;
  const sought = ({ viewer, limit }: NeedsSought) => ({
    agent: viewer === undefined ? undefined : agents.pkOf(viewer),
    limit,
  });
  return {
    questionNeeds: (asked) => piecewise({ peek, read }, needs.questions(sought(asked)), asked.turn),
    overdueNeeds: (asked) => piecewise({ peek, read }, needs.overdue(sought(asked)), asked.turn),
    heldNeeds: (asked) => piecewise({ peek, read }, needs.held(sought(asked)), asked.turn),
    deadNeeds: (asked) => piecewise({ peek, read }, needs.dead(sought(asked)), asked.turn),
    deadLetters: ({ to, reason }, limit, most) => read(() => needs.letters(agents.pkOf(to.id), reason, limit, most)),
    inboxLoads: async (viewer, after, limit) => {
      const part = await peek(() =>
        viewer === undefined
          ? loads.loads(after === undefined ? 0 : agents.pkOf(after), limit)
          : { loads: loads.loadOf(agents.pkOf(viewer)), next: undefined },
      );
      // On disk once for all of them, when the last ones have been looked at.
      return part.next === undefined ? read(() => part) : part;
    },
    failingPaths: (asked) => {
      const { agent, limit } = sought(asked);
      return piecewise({ peek, read }, loads.failing(agent, limit), asked.turn);
    },
    previews: (ids, turn) => piecewise({ peek, read }, needs.previews(ids), turn),
  };
}
