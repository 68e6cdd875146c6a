/** What one line of a client's transcript says: whether the model was shown it or has answered, and whether a turn is on. */
import * as z from "zod";
import type { ClientKind } from "../client/client-kind.ts";
import { claudeMeaning } from "./claude-entry.ts";
import { copilotMeaning } from "./copilot-entry.ts";
import type { EntryMeaning } from "./entry-meaning.ts";
import { qwenMeaning } from "./qwen-entry.ts";

const CodexEntry = z.object({
  type: z.string(),
  payload: z.object({ type: z.string().optional(), role: z.string().optional() }),
});

/** A line of `$CODEX_HOME/sessions/…/rollout-….jsonl`. A turn that fails ends with `task_complete`, too. */
function codexMeaning(value: unknown): EntryMeaning {
  const entry = CodexEntry.safeParse(value).data;
  if (entry?.type === "event_msg") {
    if (entry.payload.type === "task_started") return { turnOpen: true };
    return /^(task_complete|turn_aborted)$/.test(entry.payload.type ?? "") ? { turnOpen: false } : {};
  }
  if (entry?.type !== "response_item") return {};
  if (entry.payload.role === "user" || entry.payload.role === "developer") return { shown: true };
  return { answer: entry.payload.role === "assistant" || /_call$|^reasoning$/.test(entry.payload.type ?? "") };
}

const GeminiEntry = z.object({
  type: z.string(),
  content: z.unknown().optional(),
  toolCalls: z.array(z.unknown()).default([]),
});

/**
 * A line of `~/.gemini/tmp/…/chats/session-….jsonl`. An answer that calls a tool is written twice, first without the call:
 * then it has no text.
 */
function geminiMeaning(value: unknown): EntryMeaning {
  const entry = GeminiEntry.safeParse(value).data;
  if (entry?.type === "user") return { shown: true, turnOpen: true };
  if (entry?.type === "error") return { turnOpen: false };
  if (entry?.type === "info") return entry.content === "Request cancelled." ? { turnOpen: false } : {};
  if (entry?.type !== "gemini") return {};
  if (entry.toolCalls.length > 0) return { answer: true, turnOpen: true };
  return { answer: true, ...(entry.content !== "" && { turnOpen: false }) };
}

/** How each client writes its transcript. */
export const entryMeaning: Readonly<Record<ClientKind, (value: unknown) => EntryMeaning>> = {
  claude: claudeMeaning,
  codex: codexMeaning,
  gemini: geminiMeaning,
  copilot: copilotMeaning,
  qwen: qwenMeaning,
};
