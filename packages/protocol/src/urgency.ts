/** Urgency: how a message is brought to its recipient, as its sender asks. */
import * as z from "zod";
import { object } from "./shapes/lazy-object.ts";

/**
 * `fyi` wakes no session, it rests until the recipient looks or a stream or webhook asks for everything; `normal` is
 * pushed, but waits for the end of a focus; `interrupt` goes before everything that waits and through a focus that
 * allows it.
 */
export const Urgency = z.enum(["fyi", "normal", "interrupt"]);
export type Urgency = z.infer<typeof Urgency>;

/** The effect on one delivery, decided when it was accepted: which rule applied, in a word and in a sentence. */
export const AppliedRule = object(() => ({
  code: z.string().meta({ description: "fyi, normal, interrupt, focus or held; later versions may know more" }),
  detail: z.string(),
}));
export type AppliedRule = z.infer<typeof AppliedRule>;
