/** Questions about agent cards, with what their answers must be. */
import { isDeepStrictEqual } from "node:util";
import type { AgentCardToKeep } from "../../src/mesh/store.ts";
import type { AgentHistory } from "./history.ts";
import type { Question } from "./observer.ts";
import { demand } from "./promises.ts";

const BY = { kind: "key" } as const;

/** Shows an agent, or shows it no longer. */
export function setCard(agent: AgentHistory, card: AgentCardToKeep | undefined): Question {
  return async (o) => {
    const { store } = o.world;
    const removed = card ? await store.putAgentCard(agent.id, card, BY) : await store.removeAgentCard(agent.id, BY);
    const kept = await store.agentCard(agent.id);
    return () => {
      o.say(`card of ${agent.name}: ${JSON.stringify(card)}`);
      const had = agent.card !== undefined;
      if (!card) demand(removed === had, "ownership", () => `the card of ${agent.name} was taken out: ${removed}`);
      demand(sameCard(kept, card), "ownership", () => `the card of ${agent.name} was kept as ${JSON.stringify(kept)}`);
      agent.card = card;
    };
  };
}

/** Looks at the cards of all agents, also of those that have left: each has its own, and who has left none. */
export function lookAtCards(): Question {
  return async (o) => {
    const { agents } = o.history;
    const found = await Promise.all(agents.map(({ id }) => o.world.store.agentCard(id)));
    const told = agents.map(({ name, card, removed }, i) => ({
      name,
      is: removed ? undefined : card,
      shown: found[i],
    }));
    return () => {
      o.say(`look at the cards → ${found.filter((each) => each !== undefined).length}`);
      for (const { name, is, shown } of told) {
        demand(
          sameCard(shown, is),
          "ownership",
          () => `the card of ${name} is ${JSON.stringify(is)}, and shown is ${JSON.stringify(shown)}`,
        );
      }
    };
  };
}

function sameCard(kept: AgentCardToKeep | undefined, card: AgentCardToKeep | undefined): boolean {
  return isDeepStrictEqual(kept && { description: kept.description, skills: kept.skills }, card);
}
