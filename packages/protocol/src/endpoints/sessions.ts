/** Endpoints of sessions. */
import * as z from "zod";
import {
  HeartbeatReply,
  HeartbeatRequest,
  ListedSession,
  MAX_SESSIONS_LISTED,
  OpenSessionReply,
  OpenSessionRequest,
} from "../agent.ts";
import { endpoint } from "../endpoint.ts";
import { SessionId } from "../ids.ts";
import { StreamEvent } from "../message/stream.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";
import { agentParam } from "./agents.ts";

const sessionParam = strictObject(() => ({ session: SessionId }));

/** Their rows. */
export const sessionsEndpoints = {
  listSessions: endpoint({
    method: "GET",
    path: "/v1/agents/:agent/sessions",
    summary: "The sessions of an agent, the one heard of last first: your own, or with the mesh key any agent's.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    params: agentParam,
    status: 200,
    reply: object(() => ({
      sessions: z.array(ListedSession).meta({ description: `${MAX_SESSIONS_LISTED} at most` }),
      total: z.int().nonnegative(),
    })),
    errors: ["agent_not_found"],
  }),

  openSession: endpoint({
    method: "POST",
    path: "/v1/sessions",
    summary: "Open a session: the agent is online until it ends or misses its heartbeats.",
    access: "agent",
    repeatable: true,
    body: OpenSessionRequest,
    status: 201,
    reply: OpenSessionReply,
    errors: [],
  }),

  heartbeat: endpoint({
    method: "POST",
    path: "/v1/sessions/:session/heartbeat",
    summary: "Renew a session.",
    access: "agent",
    repeatable: true,
    params: sessionParam,
    body: HeartbeatRequest,
    status: 200,
    reply: HeartbeatReply,
    errors: ["session_not_found"],
  }),

  sessionStream: endpoint({
    method: "GET",
    path: "/v1/sessions/:session/stream",
    summary: "A stream that brings no mail: when its connection ends, the session is in doubt a second later.",
    access: "agent",
    repeatable: true,
    params: sessionParam,
    status: 200,
    reply: z.string(),
    errors: ["session_not_found"],
    stream: StreamEvent,
  }),

  endSession: endpoint({
    method: "DELETE",
    path: "/v1/sessions/:session",
    summary: "End a session; the deliveries it leased return to the inbox at once.",
    access: "agent",
    repeatable: true,
    params: sessionParam,
    status: 200,
    reply: object(() => ({ returned: z.int().nonnegative() })),
    errors: ["session_not_found"],
  }),
} as const;
