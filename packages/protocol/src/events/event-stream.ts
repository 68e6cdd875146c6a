/** The stream of events (Server-Sent Events): what it is asked for, and what is written to it. */
import * as z from "zod";
import { cursor } from "../endpoint.ts";
import { object } from "../shapes/lazy-object.ts";
import { eventNouns, MeshEvent, meshEventTypes } from "./mesh-event.ts";

/** A place in the events; opaque. */
export const EventCursor = cursor;

/** What of the events is wanted: all of a noun, or one type. */
export const EventFilter = z.enum([...eventNouns, ...meshEventTypes]);
export type EventFilter = z.infer<typeof EventFilter>;

/** What a stream of events leaves out is not among these; without any, nothing is. */
export const EventFilters = z
  .string()
  .max(1_024)
  .transform((text) => text.split(","))
  .pipe(z.array(EventFilter))
  .meta({ description: "nouns and types, with commas between: agent,delivery.dead; left out, all" });

/** What a broker writes to a stream of events; the id of an `event`, and of a `keepalive`, is a cursor. */
export const EventStreamItem = z.discriminatedUnion("event", [
  object(() => ({ event: z.literal("open"), data: z.object({ cursor }) })),
  object(() => ({ event: z.literal("event"), data: MeshEvent })),
  object(() => ({ event: z.literal("keepalive"), data: z.object({}) })),
  object(() => ({ event: z.literal("closing"), data: z.object({ code: z.string(), reconnect: z.boolean() }) })),
]);
export type EventStreamItem = z.infer<typeof EventStreamItem>;
