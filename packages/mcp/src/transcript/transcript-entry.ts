/** What one line of a client's transcript says: whether the model was shown it, and whether the model has answered. */
import { z } from "zod";
import type { ClientKind } from "../client-kind.ts";

/** `shown`: part of what the model is given; `answer`: by the model; `turn`: a turn begins or is over. */
export interface EntryMeaning {
  readonly shown?: boolean;
  readonly answer?: boolean;
  readonly turnOpen?: boolean;
}

const ClaudeEntry = z.object({
  type: z.string(),
  isSidechain: z.boolean().optional(),
  isApiErrorMessage: z.boolean().optional(),
  attachment: z.object({ type: z.string() }).optional(),
  message: z
    .object({ model: z.string().optional(), stop_reason: z.string().nullish(), content: z.unknown() })
    .optional(),
});

/** Attachments that Claude Code keeps for itself: what a hook printed is shown by another attachment. */
const UNSHOWN = new Set(["hook_success", "hook_non_blocking_error", "hook_cancelled", "prompt_snapshot"]);

/** A line of `~/.claude/projects/…/SESSION.jsonl`. What waits in Claude Code's queue (`queue-operation`) is not shown. */
function claudeMeaning(value: unknown): EntryMeaning {
  const entry = ClaudeEntry.safeParse(value).data;
  if (!entry || entry.isSidechain) return {};
  if (entry.type === "attachment") return { shown: !UNSHOWN.has(entry.attachment?.type ?? "") };
  if (entry.type === "user") {
    const interrupted = JSON.stringify(entry.message?.content ?? "").includes("[Request interrupted by user");
    return { shown: true, turnOpen: !interrupted };
  }
  if (entry.type !== "assistant" || entry.isApiErrorMessage || entry.message?.model === "<synthetic>") return {};
  return { answer: true, turnOpen: entry.message?.stop_reason === "tool_use" };
}

const CodexEntry = z.object({
  type: z.string(),
  payload: z.object({ type: z.string().optional(), role: z.string().optional() }),
});

/** A line of `$CODEX_HOME/sessions/…/rollout-….jsonl`. */
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

const GeminiEntry = z.object({ type: z.string() });

/** A line of `~/.gemini/tmp/…/chats/session-….jsonl`. */
function geminiMeaning(value: unknown): EntryMeaning {
  const type = GeminiEntry.safeParse(value).data?.type;
  if (type === "user") return { shown: true };
  return type === "gemini" ? { answer: true } : {};
}

/** How each client writes its transcript. */
export const entryMeaning: Readonly<Record<ClientKind, (value: unknown) => EntryMeaning>> = {
  claude: claudeMeaning,
  codex: codexMeaning,
  gemini: geminiMeaning,
};
