/** What every message that an agent sends is made of. */
import * as z from "zod";
import { MAX_BODY_BYTES } from "../limits.ts";

/** Text that survives JSON, SQLite and a terminal: well-formed Unicode without NUL. */
export const Body = z
  .string()
  .min(1)
  .refine((text) => text.isWellFormed() && !text.includes("\0"), { error: "must be well-formed Unicode without NUL" })
  .meta({ description: `message body, at most ${MAX_BODY_BYTES} bytes of UTF-8` });

/** A sender that is a person's agent may say less of itself than it is, and nobody more. */
export const ByProgram = z.literal(true).optional().meta({
  description: "a program sends it with a person's token: it comes as any agent's does, not as operator",
});

/** Sender-chosen: the same key with the same content within 24 h is the same message. */
export const IdempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, "1 to 128 visible ASCII characters")
  .meta({ description: "same key and same content within 24 h is the same message" });
