/** Endpoints of agents. */
import * as z from "zod";
import { Agent, AgentCursor, Near, RegisterReply, RegisterRequest, RenameReply, RenameRequest } from "../agent.ts";
import { endpoint, number } from "../endpoint.ts";
import { SetFocusRequest } from "../focus.ts";
import { MAX_SUMMARY_CHARS } from "../limits.ts";
import { ReceiverPolicy, SetPolicyRequest } from "../receiver-policy.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";

/** The agent that a path names. */
export const agentParam = strictObject(() => ({
  agent: z.string().min(1).max(128).meta({ description: "name or id; me is the caller" }),
}));

/** Their rows. */
export const agentsEndpoints = {
  register: endpoint({
    method: "POST",
    path: "/v1/agents",
    summary: "Make an agent, or resume the one that owns the token in the body.",
    access: "key",
    machine: true,
    repeatable: true,
    body: RegisterRequest,
    status: 200,
    reply: RegisterReply,
    errors: ["agent_name_taken", "token_revoked"],
  }),

  listAgents: endpoint({
    method: "GET",
    path: "/v1/agents",
    summary: "Agents with their presence and push paths; live ones first, then by name. Archived ones on request.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    query: strictObject(() => ({
      presence: z.enum(["live", "reachable", "all", "archived"]).default("all").meta({
        description:
          "live: with a live session; reachable: those, and whoever has a webhook that works; archived: those alone",
      }),
      directory: z.string().max(1024).optional(),
      repo: z.string().max(1024).optional(),
      client: z.string().max(64).optional(),
      near: Near.optional().meta({
        description:
          "those near the caller, which is an agent: on its machine; in its directory there; in its repository, which is the same by its remote URL on every machine, and without one by its folder on this machine",
      }),
      after: AgentCursor.optional().meta({ description: "nextAfter of the page before" }),
      limit: number(1, 1000).default(200),
    })),
    status: 200,
    reply: object(() => ({
      agents: z.array(Agent),
      total: z.int(),
      nextAfter: z.string().optional().meta({ description: "set when more follow" }),
    })),
    errors: [],
  }),

  getAgent: endpoint({
    method: "GET",
    path: "/v1/agents/:agent",
    summary: "One agent.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    params: agentParam,
    status: 200,
    reply: Agent,
    errors: ["agent_not_found"],
  }),

  setSummary: endpoint({
    method: "PATCH",
    path: "/v1/agents/me",
    summary: "Say what you are working on.",
    access: "agent",
    repeatable: true,
    body: strictObject(() => ({ summary: z.string().max(MAX_SUMMARY_CHARS) })),
    status: 200,
    reply: Agent,
    errors: [],
  }),

  setFocus: endpoint({
    method: "PUT",
    path: "/v1/agents/:agent/focus",
    summary: "Not to be disturbed for a while: only what the focus allows is pushed until it ends.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    params: agentParam,
    body: SetFocusRequest,
    status: 200,
    reply: Agent,
    errors: ["agent_not_found"],
  }),

  endFocus: endpoint({
    method: "DELETE",
    path: "/v1/agents/:agent/focus",
    summary: "End a focus now: what waited is pushed, in order.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    params: agentParam,
    status: 200,
    reply: Agent,
    errors: ["agent_not_found"],
  }),

  getPolicy: endpoint({
    method: "GET",
    path: "/v1/agents/:agent/policy",
    summary: "Whose messages an agent takes: your own policy, or with the mesh key any agent's.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    params: agentParam,
    status: 200,
    reply: ReceiverPolicy,
    errors: ["agent_not_found"],
  }),

  setPolicy: endpoint({
    method: "PUT",
    path: "/v1/agents/:agent/policy",
    summary:
      "Say whose messages are accepted, held for a person to look at, or refused. Counts from the next message on.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    params: agentParam,
    body: SetPolicyRequest,
    status: 200,
    reply: ReceiverPolicy,
    errors: ["agent_not_found"],
  }),

  renameAgent: endpoint({
    method: "PUT",
    path: "/v1/agents/:agent/name",
    summary:
      "Give an agent another name. Everything of it stays its own; the old name leads to it until another agent takes it.",
    access: "key",
    machine: true,
    repeatable: true,
    params: agentParam,
    body: RenameRequest,
    status: 200,
    reply: RenameReply,
    errors: ["agent_not_found", "agent_name_taken"],
  }),

  removeAgent: endpoint({
    method: "DELETE",
    path: "/v1/agents/:agent",
    summary: "Take an agent out of the mesh; what waits for it becomes a dead letter, its name is free again.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    params: agentParam,
    status: 200,
    reply: object(() => ({ removed: z.boolean(), dead: z.int().nonnegative() })),
    errors: ["agent_not_found"],
  }),

  revokeAgent: endpoint({
    method: "DELETE",
    path: "/v1/agents/:agent/token",
    summary: "Revoke an agent's token: as a removal, and nobody is an agent by this token again.",
    access: "key",
    machine: true,
    repeatable: true,
    params: agentParam,
    status: 200,
    reply: object(() => ({ removed: z.boolean(), dead: z.int().nonnegative() })),
    errors: ["agent_not_found"],
  }),
} as const;
