/** What one line of `~/.qwen/projects/…/chats/SESSION.jsonl` says. */
import * as z from "zod";
import type { EntryMeaning } from "./entry-meaning.ts";

const Part = z.looseObject({ text: z.string().optional(), functionCall: z.unknown().optional() });

const QwenEntry = z.object({
  type: z.string(),
  /** Who wrote the line. */
  provenance: z.string().optional(),
  message: z
    .object({ parts: z.array(Part).default([]) })
    .optional()
    .catch(undefined),
});

/**
 * A text from the inbox is a `user` line of Qwen Code's own, written when the model is given it. Escape leaves no line, nor does a
 * request that has failed for good: such a turn counts as on until the next one is over.
 */
export function qwenMeaning(value: unknown): EntryMeaning {
  const entry = QwenEntry.safeParse(value).data;
  switch (`${entry?.type} by ${entry?.provenance}`) {
    case "user by real_user":
    case "user by system":
    case "tool_result by tool_result":
      return { shown: true, turnOpen: true };
    case "assistant by assistant_output":
      return { answer: true, turnOpen: entry?.message?.parts.some((part) => part.functionCall !== undefined) ?? false };
    default:
      return {};
  }
}
