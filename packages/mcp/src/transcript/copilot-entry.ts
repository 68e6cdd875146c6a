/** What one line of `~/.copilot/session-state/SESSION/events.jsonl` says. */
import * as z from "zod";
import type { EntryMeaning } from "./entry-meaning.ts";

const CopilotEntry = z.object({
  type: z.string(),
  /** Whose line it is, if a subagent's. */
  agentId: z.string().optional(),
  data: z.object({ toolRequests: z.array(z.unknown()).default([]) }).catch({ toolRequests: [] }),
});

/** Written when the dialog opens and when it is over; one that a hook has answered is none. */
const CopilotDialog = z.object({
  type: z.templateLiteral([
    z.enum(["permission", "user_input", "elicitation"]),
    ".",
    z.enum(["requested", "completed"]),
  ]),
  data: z.object({ requestId: z.string(), resolvedByHook: z.boolean().default(false) }),
});

/**
 * A text that waits in Copilot's queue has no line yet: `user.message` is written when the next request has it, and what a
 * hook printed stands in it, or in a tool's result. `assistant.turn_end` is the end of a step.
 */
export function copilotMeaning(value: unknown): EntryMeaning {
  const asked = CopilotDialog.safeParse(value).data;
  // Whoever of a session asks, its user has to answer.
  if (asked) return dialogMeaning(asked);
  const entry = CopilotEntry.safeParse(value).data;
  if (!entry || entry.agentId) return {};
  switch (entry.type) {
    case "user.message":
    case "tool.execution_complete":
      return { shown: true, turnOpen: true };
    case "assistant.turn_start":
      return { turnOpen: true };
    case "assistant.message":
      return { answer: true, turnOpen: entry.data.toolRequests.length > 0 };
    case "session.error":
    case "abort":
      return { turnOpen: false };
    default:
      return {};
  }
}

function dialogMeaning({ type, data: { requestId: id, resolvedByHook } }: z.infer<typeof CopilotDialog>): EntryMeaning {
  if (type.endsWith(".completed")) return { dialog: { id, about: "over" } };
  return resolvedByHook ? {} : { dialog: { id, about: type.startsWith("permission") ? "permission" : "question" } };
}
