/** The endpoint of needs. */
import * as z from "zod";
import { endpoint, number } from "../endpoint.ts";
import { MAX_NEEDS_OF_A_KIND } from "../needs/counted.ts";
import { Need, NeedKind } from "../needs/need.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";

/** Most needs in one answer. */
const MAX_NEEDS_PER_PAGE = 300;

/** Its row. */
export const needsEndpoints = {
  listNeeds: endpoint({
    method: "GET",
    path: "/v1/needs",
    summary:
      "What waits for a person, the worst first, each with what ends it: of all the mesh for its key, an agent's own for the agent.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    query: strictObject(() => ({
      agent: z.string().min(1).max(128).optional().meta({ description: "only what waits at this agent, or for it" }),
      kind: NeedKind.optional().meta({ description: "only needs of this kind" }),
      ofEach: number(1, MAX_NEEDS_PER_PAGE).optional().meta({
        description: "no more than so many of a kind; counts says how many there are",
      }),
      after: z
        .string()
        .max(256)
        .regex(/^\d{1,15}\/[a-z_]{1,20}\/[\w. -]{0,200}$/, "the nextAfter of an earlier page")
        .optional()
        .meta({ description: "nextAfter of the page before" }),
      limit: number(1, MAX_NEEDS_PER_PAGE).default(100),
    })),
    status: 200,
    reply: object(() => ({
      needs: z.array(Need),
      counts: z.record(z.string(), z.int().nonnegative()).meta({
        description: `how many there are of each kind that there is; ${MAX_NEEDS_OF_A_KIND} for any more`,
      }),
      nextAfter: z.string().optional().meta({ description: "set when more follow" }),
    })),
    errors: ["agent_not_found"],
  }),
} as const;
