/** The endpoint of events. */
import * as z from "zod";
import { cursor, endpoint } from "../endpoint.ts";
import { EventFilters, EventStreamItem } from "../events/event-stream.ts";
import { strictObject } from "../shapes/lazy-object.ts";

/** Its row. */
export const eventsEndpoints = {
  events: endpoint({
    method: "GET",
    path: "/v1/events",
    summary: "What happens, as Server-Sent Events: all of the mesh for its key, an agent's own for the agent.",
    access: "any",
    page: true,
    repeatable: true,
    query: strictObject(() => ({
      after: cursor.optional().meta({
        description:
          "what happened since this cursor comes first; left out, what happens from now on; the header last-event-id goes before it",
      }),
      agent: z.string().min(1).max(128).optional().meta({ description: "what an agent may see of the events" }),
      types: EventFilters.optional(),
    })),
    status: 200,
    reply: z.string(),
    errors: ["agent_not_found", "cursor_invalid", "cursor_gone"],
    stream: EventStreamItem,
  }),
} as const;
