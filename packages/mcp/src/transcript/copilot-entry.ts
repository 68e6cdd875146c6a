/** What one line of `~/.copilot/session-state/SESSION/events.jsonl` says. */
import * as z from "zod";
import type { EntryMeaning } from "./entry-meaning.ts";

const CopilotEntry = z.object({
  type: z.string(),
  /** Whose line it is, if a subagent's. */
  agentId: z.string().optional(),
  data: z.object({ toolRequests: z.array(z.unknown()).default([]) }).catch({ toolRequests: [] }),
});

/** Written when a permission prompt opens and when it is over; one that a hook has answered is none. */
const CopilotPrompt = z.object({
  type: z.enum(["permission.requested", "permission.completed"]),
  data: z.object({ requestId: z.string(), resolvedByHook: z.boolean().default(false) }),
});

/** A question of the model's to its user is a tool, which runs until the user has answered; nothing else is noted before. */
const CopilotTool = z.object({
  type: z.enum(["tool.execution_start", "tool.execution_complete"]),
  data: z.object({ toolCallId: z.string(), toolName: z.string().optional() }),
});
const ASKS = "ask_user";

/**
 * A text that waits in Copilot's queue has no line yet: `user.message` is written when the next request has it, and what a
 * hook printed stands in it, or in a tool's result. `assistant.turn_end` is the end of a step.
 */
export function copilotMeaning(value: unknown): EntryMeaning {
  // Whoever of a session asks, its user has to answer.
  const dialog = dialogIn(value);
  const entry = CopilotEntry.safeParse(value).data;
  return { ...(entry && !entry.agentId && turnMeaning(entry)), ...(dialog && { dialog }) };
}

function turnMeaning(entry: z.infer<typeof CopilotEntry>): EntryMeaning {
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

function dialogIn(value: unknown): EntryMeaning["dialog"] {
  const prompt = CopilotPrompt.safeParse(value).data;
  if (prompt) {
    const { requestId: id, resolvedByHook } = prompt.data;
    if (prompt.type === "permission.completed") return { id, about: "over" };
    return resolvedByHook ? undefined : { id, about: "permission" };
  }
  const tool = CopilotTool.safeParse(value).data;
  if (tool?.type === "tool.execution_complete") return { id: tool.data.toolCallId, about: "over" };
  return tool?.data.toolName === ASKS ? { id: tool.data.toolCallId, about: "question" } : undefined;
}
