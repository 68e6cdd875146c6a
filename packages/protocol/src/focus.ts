/** Focus: a time in which an agent is not to be disturbed, always with an end. */
import * as z from "zod";
import { DEFAULT_FOCUS_MS, MAX_FOCUS_MS, MIN_FOCUS_MS } from "./limits.ts";
import { object, strictObject } from "./shapes/lazy-object.ts";
import { Timestamp } from "./time.ts";

const allows = z.enum(["interrupt", "nothing"]).meta({ description: "what is pushed all the same" });
const reason = z.string().min(1).max(200).meta({ description: "told to senders, e.g. blocked on a dialog" });

/** Until `until` only what it allows is pushed; the rest waits in the inbox, and reading the inbox works as ever. */
export const Focus = object(() => ({ until: Timestamp, allows, reason: reason.optional() }));
export type Focus = z.infer<typeof Focus>;

/** Begins a focus, or replaces the one there is. */
export const SetFocusRequest = strictObject(() => ({
  forMs: z.int().min(MIN_FOCUS_MS).max(MAX_FOCUS_MS).default(DEFAULT_FOCUS_MS),
  allows: allows.default("interrupt"),
  reason: reason.optional(),
}));
export type SetFocusRequest = z.infer<typeof SetFocusRequest>;
