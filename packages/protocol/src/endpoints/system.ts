/** Endpoints about the broker itself. */
import * as z from "zod";
import { endpoint, number } from "../endpoint.ts";
import { Keeper } from "../keeping.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";
import { Authority, BrokerStatus, Health } from "../system.ts";

/** Their rows. */
export const systemEndpoints = {
  health: endpoint({
    method: "GET",
    path: "/health",
    summary: "Is this an agentmesh broker, and which version?",
    access: "public",
    repeatable: true,
    status: 200,
    reply: Health,
    errors: [],
  }),

  authority: endpoint({
    method: "GET",
    path: "/v1/ca",
    summary: "The certificate that machines trust which join this broker: no secret, and to be compared with a pin.",
    access: "public",
    repeatable: true,
    status: 200,
    reply: Authority,
    errors: [],
  }),

  livez: endpoint({
    method: "GET",
    path: "/livez",
    summary: "Does the process answer?",
    access: "public",
    repeatable: true,
    status: 200,
    reply: object(() => ({ status: z.literal("ok") })),
    errors: [],
  }),

  openapi: endpoint({
    method: "GET",
    path: "/v1/openapi.json",
    summary: "This contract as OpenAPI 3.1.",
    access: "public",
    repeatable: true,
    status: 200,
    reply: z.record(z.string(), z.unknown()),
    errors: [],
  }),

  status: endpoint({
    method: "GET",
    path: "/v1/status",
    summary: "Counts, limits and settings of the broker.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    status: 200,
    reply: BrokerStatus,
    errors: [],
  }),

  listKeepers: endpoint({
    method: "GET",
    path: "/v1/keepers",
    summary: "Whose messages take how much of what is kept: the largest first.",
    access: "key",
    page: true,
    repeatable: true,
    query: strictObject(() => ({ limit: number(1, 100).default(10) })),
    status: 200,
    reply: object(() => ({ keepers: z.array(Keeper) })),
    errors: [],
  }),

  shutdown: endpoint({
    method: "POST",
    path: "/v1/shutdown",
    summary: "Stop the broker after the requests under way.",
    access: "key",
    repeatable: true,
    status: 202,
    reply: object(() => ({ stopping: z.literal(true), pid: z.int() })),
    errors: [],
  }),
} as const;
