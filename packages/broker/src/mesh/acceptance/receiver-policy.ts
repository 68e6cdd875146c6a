/** Receiver policy: whose messages an agent takes; kept per agent, applied when a message is accepted. */
import {
  type AgentId,
  type EndpointRequest,
  type endpoints,
  PolicyAction,
  type PolicyClass,
  type ReceiverPolicy,
} from "@agentmesh/protocol";
import type { Agents } from "../agents.ts";
import { type AnyCaller, byOf, mayActFor } from "../caller.ts";
import type { PolicyRules, Store } from "../store.ts";
import type { Came } from "./trust-class.ts";

type Table = typeof endpoints;

/**
 * What a policy does with a message of a sender that came so; without a policy all are accepted. From another machine the mesh's own
 * setting counts where there is no rule for it, and the stricter of the two.
 */
export function actionOn(
  rules: PolicyRules | undefined,
  sender: AgentId,
  came: Came,
  remoteSenders: PolicyAction,
): PolicyAction {
  const rule = rules?.senders[sender] ?? classesOf(came).flatMap((each) => rules?.trust[each] ?? [])[0];
  if (rule !== undefined) return rule;
  const otherwise = rules?.otherwise ?? "accept";
  return came.remote ? stricter(otherwise, remoteSenders) : otherwise;
}

/** The classes that a rule for a message may name, the closest first: who says that it works in the same repository is no less remote. */
function classesOf({ trust, remote }: Came): PolicyClass[] {
  if (trust === "unverified") return [trust];
  const known: PolicyClass[] = trust === "same-repo" ? [trust, remote ? "remote" : "same-machine"] : [trust];
  return [...known, "verified"];
}

function stricter(a: PolicyAction, b: PolicyAction): PolicyAction {
  const { options } = PolicyAction;
  return options.indexOf(a) > options.indexOf(b) ? a : b;
}

/** The verbs on policies. */
export class ReceiverPolicies {
  readonly #store: Store;
  readonly #agents: Agents;

  constructor(parts: { store: Store; agents: Agents }) {
    this.#store = parts.store;
    this.#agents = parts.agents;
  }

  /** The policy of an agent; without one everything is accepted. @throws MeshError forbidden, agent_not_found */
  async show(caller: AnyCaller, nameOrId: string): Promise<ReceiverPolicy> {
    const agent = await this.#agents.resolve(nameOrId, caller);
    mayActFor(caller, agent);
    const rules = await this.#store.policyOf(agent.id);
    const senders: ReceiverPolicy["senders"] = [];
    for (const [id, action] of Object.entries(rules?.senders ?? {})) {
      const sender = await this.#store.findAgent(id);
      if (sender) senders.push({ agent: { id: sender.id, name: sender.name }, action });
    }
    return { otherwise: rules?.otherwise ?? "accept", senders, trust: { ...rules?.trust } };
  }

  /** Replaces the policy of an agent. @throws MeshError forbidden, agent_not_found */
  async set(
    caller: AnyCaller,
    nameOrId: string,
    request: EndpointRequest<Table["setPolicy"]>["body"],
  ): Promise<ReceiverPolicy> {
    const agent = await this.#agents.resolve(nameOrId, caller);
    mayActFor(caller, agent);
    const senders: Record<AgentId, PolicyAction> = {};
    for (const rule of request.senders) {
      senders[(await this.#agents.resolve(rule.agent, caller)).id] = rule.action;
    }
    await this.#store.setPolicy(
      agent.id,
      { otherwise: request.otherwise, senders, trust: request.trust },
      byOf(caller),
    );
    return this.show(caller, agent.id);
  }
}
