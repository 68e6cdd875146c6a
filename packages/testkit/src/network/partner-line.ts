/** What a partner (`partner.ts`) tells of what it does: a line of JSON each. */
import * as z from "zod";

/** One line; moments are Date.now(). */
export const PartnerLine = z.discriminatedUnion("what", [
  z.strictObject({ what: z.literal("joined"), session: z.string() }),
  z.strictObject({ what: z.literal("trying"), from: z.string(), to: z.string(), n: z.int(), at: z.int() }),
  z.strictObject({
    what: z.literal("sent"),
    from: z.string(),
    to: z.string(),
    n: z.int(),
    messageId: z.string(),
    begun: z.int(),
    at: z.int(),
  }),
  z.strictObject({
    what: z.literal("received"),
    by: z.string(),
    from: z.string(),
    to: z.string(),
    n: z.int(),
    messageId: z.string(),
    attempt: z.int(),
    redelivered: z.boolean(),
    at: z.int(),
  }),
  z.strictObject({ what: z.literal("acked"), messageId: z.string(), at: z.int() }),
  z.strictObject({ what: z.literal("notice"), detail: z.string(), at: z.int() }),
  /** What no network explains. */
  z.strictObject({ what: z.literal("surprise"), detail: z.string() }),
  z.strictObject({ what: z.literal("quiet") }),
]);
export type PartnerLine = z.infer<typeof PartnerLine>;
