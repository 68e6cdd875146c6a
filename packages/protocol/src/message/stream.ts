/** Events of the push stream (Server-Sent Events, WHATWG HTML §9.2); each event's data is one JSON object. */
import * as z from "zod";
import { object } from "../shapes/lazy-object.ts";
import { LeasedDelivery } from "./lease.ts";

/** Events a broker writes to a stream. */
export const StreamEvent = z.discriminatedUnion("event", [
  object(() => ({ event: z.literal("open"), data: z.object({ queued: z.int().nonnegative() }) })),
  object(() => ({ event: z.literal("delivery"), data: LeasedDelivery })),
  object(() => ({ event: z.literal("keepalive"), data: z.object({}) })),
  object(() => ({ event: z.literal("closing"), data: z.object({ code: z.string(), reconnect: z.boolean() }) })),
]);
export type StreamEvent = z.infer<typeof StreamEvent>;
