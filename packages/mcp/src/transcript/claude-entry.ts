/** What one line of `~/.claude/projects/…/SESSION.jsonl` says. */
import * as z from "zod";
import type { EntryMeaning } from "./entry-meaning.ts";

const Block = z.looseObject({ type: z.string(), text: z.string().optional() });

const ClaudeEntry = z.object({
  type: z.string(),
  subtype: z.string().optional(),
  content: z.unknown().optional(),
  isSidechain: z.boolean().optional(),
  isApiErrorMessage: z.boolean().optional(),
  isCompactSummary: z.boolean().optional(),
  /** Whose words begin a turn with this line. */
  turnOrigin: z.string().optional(),
  /** Words of Claude Code's own with which a turn goes on. */
  turnCompanion: z.boolean().optional(),
  /** Who wrote the line if not the user. A hook that keeps a turn from ending goes on with it; the rest by itself is none. */
  rowSource: z.string().optional(),
  attachment: z.object({ type: z.string() }).optional(),
  message: z
    .object({
      model: z.string().optional(),
      stop_reason: z.string().nullish(),
      content: z.union([z.string().transform((text) => [{ type: "text", text }]), z.array(Block)]).optional(),
    })
    .optional(),
});

type ClaudeEntry = z.infer<typeof ClaudeEntry>;

/** Attachments that Claude Code keeps for itself: what a hook printed is shown by another attachment. */
const UNSHOWN = new Set(["hook_success", "hook_non_blocking_error", "hook_cancelled", "prompt_snapshot"]);

const INTERRUPTED = "[Request interrupted by user";

/** What a command that Claude Code carries out itself leaves; versions before 2.1.332 have no `rowSource` that says so. */
const LOCAL = /^\s*<(local-command-(caveat|stdout|stderr)|bash-(input|stdout|stderr)|command-name)>/;

const PROMPT_REFUSED = "UserPromptSubmit operation blocked by hook";

/** What waits in Claude Code's queue (`queue-operation`) is not shown; a subagent's lines say nothing of its parent. */
export function claudeMeaning(value: unknown): EntryMeaning {
  const entry = ClaudeEntry.safeParse(value).data;
  if (!entry || entry.isSidechain) return {};
  switch (entry.type) {
    case "attachment": {
      const type = entry.attachment?.type ?? "";
      return { shown: !UNSHOWN.has(type), ...(type === "hook_stopped_continuation" && { turnOpen: false }) };
    }
    case "user":
      return { shown: true, ...turn(userTurn(entry)) };
    case "assistant":
      return assistantMeaning(entry);
    case "system":
      return turn(systemTurn(entry));
    default:
      return {};
  }
}

function userTurn(entry: ClaudeEntry): boolean | undefined {
  const blocks = entry.message?.content ?? [];
  const texts = blocks.flatMap(({ type, text }) => (type === "text" && text !== undefined ? [text] : []));
  // A tool's result holds what it likes; Claude Code's own words stand in a block of their own.
  if (texts.some((text) => text.startsWith(INTERRUPTED))) return false;
  if (entry.isCompactSummary) return undefined;
  if (entry.turnOrigin !== undefined || entry.turnCompanion || entry.rowSource === "hook") return true;
  if (entry.rowSource !== undefined || texts.some((text) => LOCAL.test(text))) return undefined;
  return true;
}

/** Each block of an answer is a line, with the stop reason of the whole; a stream that broke off leaves none. */
function assistantMeaning({ isApiErrorMessage, message }: ClaudeEntry): EntryMeaning {
  // Claude Code's own words in place of the model's: the request has failed for good, or nothing was asked.
  if (isApiErrorMessage || message?.model === "<synthetic>") return { turnOpen: false };
  const reason = message?.stop_reason ?? undefined;
  return { answer: true, ...(reason !== undefined && { turnOpen: reason === "tool_use" }) };
}

function systemTurn({ subtype, content }: ClaudeEntry): boolean | undefined {
  if (subtype === "turn_duration") return false;
  const refused = subtype === "informational" && typeof content === "string" && content.startsWith(PROMPT_REFUSED);
  return refused ? false : undefined;
}

function turn(turnOpen: boolean | undefined): EntryMeaning {
  return turnOpen === undefined ? {} : { turnOpen };
}
