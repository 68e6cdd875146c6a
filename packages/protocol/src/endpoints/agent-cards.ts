/** Endpoints of agent cards. */
import * as z from "zod";
import { AgentCard, SetAgentCardRequest } from "../access/agent-card.ts";
import { endpoint } from "../endpoint.ts";
import { object } from "../shapes/lazy-object.ts";
import { agentParam } from "./agents.ts";

/** Their rows. With the mesh key they are for any agent, with an agent's token for that agent alone. */
export const agentCardsEndpoints = {
  setAgentCard: endpoint({
    method: "PUT",
    path: "/v1/agents/:agent/card",
    summary: "Show an agent to programs that speak A2A: its card is public, what is sent to it needs a token.",
    access: "any",
    machine: true,
    repeatable: true,
    params: agentParam,
    body: SetAgentCardRequest,
    status: 200,
    reply: AgentCard,
    errors: ["agent_not_found"],
  }),

  getAgentCard: endpoint({
    method: "GET",
    path: "/v1/agents/:agent/card",
    summary: "The card of an agent.",
    access: "any",
    machine: true,
    repeatable: true,
    params: agentParam,
    status: 200,
    reply: AgentCard,
    errors: ["agent_not_found", "card_not_found"],
  }),

  removeAgentCard: endpoint({
    method: "DELETE",
    path: "/v1/agents/:agent/card",
    summary: "Show an agent no longer; what was sent to it stays.",
    access: "any",
    machine: true,
    repeatable: true,
    params: agentParam,
    status: 200,
    reply: object(() => ({ removed: z.boolean() })),
    errors: ["agent_not_found"],
  }),
} as const;
