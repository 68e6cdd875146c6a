/** Questions about what a receiver wants: its policy and its focus. */
import { isDeepStrictEqual } from "node:util";
import type { FocusTerms, PolicyRules } from "../../src/mesh/store.ts";
import type { AgentHistory } from "./history.ts";
import type { Question } from "./observer.ts";
import { demand } from "./promises.ts";

/** Replaces the policy of an agent. */
export function setPolicy(agent: AgentHistory, rules: PolicyRules): Question {
  return async (o) => {
    await o.world.store.setPolicy(agent.id, rules);
    const stored = await o.world.store.policyOf(agent.id);
    return () => {
      o.say(`policy of ${agent.name}: ${JSON.stringify(rules)}`);
      agent.policy = rules;
      o.events.expect("policy.set", agent);
      demand(isDeepStrictEqual(stored, rules), "policy", () => `the policy was stored as ${JSON.stringify(stored)}`);
    };
  };
}

/** Begins a focus, or ends it. */
export function setFocus(agent: AgentHistory, focus: FocusTerms | undefined): Question {
  return async (o) => {
    await o.world.store.setFocus(agent.id, focus);
    return () => {
      o.say(`focus of ${agent.name}: ${JSON.stringify(focus)}`);
      if (focus) o.events.expect("agent.focus", agent, o.now + focus.forMs);
      else if (agent.focus && agent.focus.until > o.now) o.events.expect("agent.focus", agent);
      agent.focus = focus && { ...focus, until: o.now + focus.forMs, announced: false };
      if (focus) return;
      const [first] = o.history.leasable({ agentId: agent.id, session: undefined }, o.now);
      if (first) o.becameLeasable(first, "can be streamed: the focus was ended");
    };
  };
}
