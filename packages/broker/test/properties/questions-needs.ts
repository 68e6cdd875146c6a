/** Questions for what waits for a person: questions, what is held, dead letters by their reason, answers that are overdue. */
import type { AgentId } from "@agentmesh/protocol";
import type { DeadNeed, NeedsSought } from "../../src/mesh/store/needs.ts";
import type { Observer, Question } from "./observer.ts";
import { demand } from "./promises.ts";

/** Looks for all of them: of the mesh, or at one agent. */
export function lookForNeeds(viewer: AgentId | undefined): Question {
  return async (o) => {
    const { store } = o.world;
    const sought: NeedsSought = { viewer, limit: 1_000 };
    const [questions, overdue, held, dead] = await Promise.all([
      store.questionNeeds(sought),
      store.overdueNeeds(sought),
      store.heldNeeds(sought),
      store.deadNeeds(sought),
    ]);
    const letters = await Promise.all(
      dead.map(async (group) => [group, await store.deadLetters(group, 100, 1_000)] as const),
    );
    return () => {
      o.say(`look for needs → ${questions.length}, ${held.length}, ${dead.length}, ${overdue.length}`);
      same(
        questions.map(({ messageId }) => messageId),
        askedOf(o, viewer, true),
        "questions",
      );
      const known = askedOf(o, viewer, false, o.now);
      same(
        overdue.map(({ messageId }) => messageId),
        known,
        "overdue",
      );
      const isSeen = ({ pruned, to }: Listed) => !pruned && (viewer === undefined || to.id === viewer);
      const kept = o.history.deliveries.filter(isSeen);
      same(
        held.map(({ id }) => id),
        kept.filter(({ state }) => state === "held").map(({ id }) => id),
        "held",
      );
      const listed = kept.filter(({ state, dismissed }) => state === "dead" && !dismissed).map(({ id }) => id);
      same(
        letters.flatMap(([, { letters: each }]) => each.map(({ id }) => id)),
        listed,
        "dead letters",
      );
      for (const [group, { letters: each, count }] of letters) {
        judgeGroup(
          o,
          group,
          each.map(({ id }) => id),
        );
        demand(count === each.length, "needs", () => `${each.length} dead letters are counted as ${count}`);
      }
    };
  };
}

type Listed = Observer["history"]["deliveries"][number];

/** Open questions that a viewer may see, to persons or to others; of the latter those that are due. */
function askedOf(o: Observer, viewer: AgentId | undefined, toPersons: boolean, dueUntil = Number.POSITIVE_INFINITY) {
  return o.history.asks
    .filter(({ open, delivery: { of, state } }) => open && !of.gone && state !== "held")
    .filter(({ delivery: { to } }) => (o.history.agent(to.id)?.standing.person ?? false) === toPersons)
    .filter(({ dueAt }) => dueAt <= dueUntil)
    .filter(({ delivery: { to }, asker }) => {
      return viewer === undefined || to.id === viewer || (!toPersons && asker.id === viewer);
    })
    .map(({ delivery }) => delivery.of.id);
}

function judgeGroup(o: Observer, { to, since, isGone }: DeadNeed, ids: readonly string[]): void {
  const each = ids.map((id) => o.history.delivery(id));
  const mixed = each.some((delivery) => delivery?.to.id !== to.id);
  demand(!mixed, "needs", () => `dead letters of several agents are told as those of ${to.name}`);
  const first = Math.min(...each.map((delivery) => delivery?.endedAt ?? 0));
  demand(since === first, "needs", () => `dead letters are told since ${since}, the first died at ${first}`);
  demand(isGone === !o.history.agent(to.id), "needs", () => `${to.name} is told as ${isGone ? "gone" : "there"}`);
}

function same(told: readonly string[], known: readonly string[], what: string): void {
  const [a, b] = [told.toSorted().join(), known.toSorted().join()];
  demand(a === b, "needs", () => `${what}: ${a || "none"}, by the history ${b || "none"}`);
}
