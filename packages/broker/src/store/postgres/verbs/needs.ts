/** The Store's looks for what waits for a person. */
import type { NeedStore, NeedsSought } from "../../../mesh/store/needs.ts";
import type { Engine } from "../engine.ts";
import type { VerbParts } from "./parts.ts";

/** The verbs that look for needs. */
export function needVerbs({ read }: VerbParts): NeedStore {
  const sought = async ({ agents }: Engine, { viewer, limit }: NeedsSought) => ({
    agent: viewer === undefined ? undefined : await agents.pkOf(viewer),
    limit,
  });
  return {
    questionNeeds: (asked) => read(async (engine) => engine.needs.questions(await sought(engine, asked))),
    overdueNeeds: (asked) => read(async (engine) => engine.needs.overdue(await sought(engine, asked))),
    heldNeeds: (asked) => read(async (engine) => engine.needs.held(await sought(engine, asked))),
    deadNeeds: (asked) => read(async (engine) => engine.needs.dead(await sought(engine, asked))),
    deadLetters: ({ to, reason }, limit, most) =>
      read(async ({ agents, needs }) => needs.letters(await agents.pkOf(to.id), reason, limit, most)),
    inboxLoads: (viewer, after, limit) =>
      read(async ({ agents, loads }) =>
        viewer === undefined
          ? loads.loads(after === undefined ? 0 : await agents.pkOf(after), limit)
          : { loads: await loads.loadOf(await agents.pkOf(viewer)), next: undefined },
      ),
    failingPaths: (asked) =>
      read(async (engine) => {
        const { agent, limit } = await sought(engine, asked);
        return engine.loads.failing(agent, limit);
      }),
    previews: (ids) => read(({ needs }) => needs.previews(ids)),
  };
}
