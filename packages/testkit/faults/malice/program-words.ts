/** What a partner is asked, and what it answers. */
import * as z from "zod";

const Ground = z.object({ url: z.string(), port: z.int(), key: z.string() });
const Hand = z.object({ name: z.string(), token: z.string() });

/** Questions to a partner. */
export const Question = z.discriminatedUnion("do", [
  z.object({ do: z.literal("prepare"), load: z.string(), ground: Ground }),
  z.object({ do: z.literal("load"), ground: Ground }),
  z.object({
    do: z.literal("stand"),
    as: z.object({ url: z.string(), key: z.string(), writer: Hand, reader: Hand, does: z.enum(["mail", "reads"]) }),
  }),
  z.object({ do: z.literal("look") }),
  z.object({ do: z.literal("finish") }),
]);
export type Question = z.infer<typeof Question>;

/** What is heard of it. */
export const Answer = z.discriminatedUnion("is", [
  z.object({ is: z.literal("begins") }),
  z.object({ is: z.literal("answer"), value: z.unknown() }),
  z.object({ is: z.literal("failed"), detail: z.string() }),
]);

/** What a load did. */
export const DoneWords = z.object({
  did: z.string(),
  accepted: z.array(z.string()).default([]),
  wrong: z.array(z.string()).default([]),
});

/** What a bystander saw. */
export const SeenWords = z.object({
  times: z.array(z.number()),
  taken: z.int(),
  newcomers: z.object({ tried: z.int(), refused: z.int(), longestMs: z.number() }),
});

/** What a bystander found in the end. */
export const FoundWords = z.array(z.object({ detail: z.string(), kind: z.string() }));
