/** Questions about hooks, each with the agent that its messages are from; with what their answers must be. */
import type { AgentId } from "@agentmesh/protocol";
import { newId } from "../../src/mesh/ids.ts";
import { type Observer, outcome, type Question } from "./observer.ts";
import { demand } from "./promises.ts";
import { REPOS, standingOf } from "./standing.ts";

/** A hook for an agent is made: with an agent of its own, or neither. */
export function makeHook(name: string, recipientId: AgentId): Question {
  return async (o) => {
    const [id, agentId] = [newId("hok"), newId("agt")];
    const tokenHash = `token of ${id}`;
    const { person, unverified } = standingOf(name, REPOS[0]);
    const more = { ...(person && { person }), ...(unverified && { trust: "unverified" as const }) };
    const profile = { client: "cli", repoUrl: REPOS[0] };
    const agent = { id: agentId, tokenHash, name, ifTaken: "refuse" as const, profile, ...more };
    const answer = await outcome(
      o.world.store.makeHook(
        { id, kind: "json", agent, target: { recipientId }, sealed: "sealed", most: 1_000 },
        { kind: "key" },
      ),
    );
    const kept = await o.world.store.hook(id);
    return () => {
      const taken = o.history.present.some((each) => each.name === name);
      const isGone = o.history.agent(recipientId)?.removed !== false;
      o.say(`make a hook with the agent ${name} → ${answer.kind === "refused" ? answer.code : "made"}`);
      demand(
        (answer.kind === "refused") === (taken || isGone),
        "ownership",
        () => `a hook of ${name} was ${answer.kind}`,
      );
      demand(
        (kept !== undefined) === (answer.kind !== "refused"),
        "ownership",
        () => `half a hook of ${name} is there`,
      );
      if (answer.kind === "refused") return;
      demand(kept?.agent.id === agentId, "ownership", () => `the hook of ${name} sends as ${kept?.agent.name}`);
      o.history.agents.push({
        ...{ id: agentId, name, tokenHash, hook: id, removed: false, lastSeq: 0 },
        standing: standingOf(name, REPOS[0]),
        ...{ policy: undefined, focus: undefined, summary: undefined, subscriptions: new Map() },
      });
    };
  };
}

/** The hooks are listed: those whose agents are in the mesh, all of them, and no others. */
export function listHooks(): Question {
  return async (o) => {
    const listed = await o.world.store.listHooks(1_000);
    return () => {
      const there = hooksOf(o);
      o.say(`list the hooks → ${listed.length} of ${there.length}`);
      const found = listed.map(({ id, agent }) => `${id} ${agent.id}`).toSorted();
      demand(
        JSON.stringify(found) === JSON.stringify(there),
        "ownership",
        () => `hooks are ${there.join(", ") || "none"}, and listed are ${found.join(", ") || "none"}`,
      );
    };
  };
}

function hooksOf({ history }: Observer): string[] {
  return history.present.flatMap(({ id, hook }) => (hook === undefined ? [] : [`${hook} ${id}`])).toSorted();
}
