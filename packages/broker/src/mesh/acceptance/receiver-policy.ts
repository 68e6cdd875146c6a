/** Receiver policy: whose messages an agent takes; kept per agent, applied when a message is accepted. */
import type { AgentId, EndpointRequest, endpoints, PolicyAction, ReceiverPolicy, Trust } from "@agentmesh/protocol";
import type { Agents } from "../agents.ts";
import { type Caller, mayActFor } from "../caller.ts";
import type { PolicyRules, Store } from "../store.ts";

type Table = typeof endpoints;

/** What a policy does with a sender's messages; without a policy all are accepted. */
export function actionOn(
  rules: PolicyRules | undefined,
  sender: { readonly id: AgentId; readonly trust: Trust },
): PolicyAction {
  if (!rules) return "accept";
  return rules.senders[sender.id] ?? rules.trust[sender.trust] ?? rules.otherwise;
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
  async show(caller: Caller, nameOrId: string): Promise<ReceiverPolicy> {
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
    caller: Caller,
    nameOrId: string,
    request: EndpointRequest<Table["setPolicy"]>["body"],
  ): Promise<ReceiverPolicy> {
    const agent = await this.#agents.resolve(nameOrId, caller);
    mayActFor(caller, agent);
    const senders: Record<AgentId, PolicyAction> = {};
    for (const rule of request.senders) {
      senders[(await this.#agents.resolve(rule.agent, caller)).id] = rule.action;
    }
    await this.#store.setPolicy(agent.id, { otherwise: request.otherwise, senders, trust: request.trust });
    return this.show(caller, agent.id);
  }
}
