/** What a hook tells the adapter, and what it is told: one line of JSON each. */
import type { ClientKind } from "../client/client-kind.ts";
import type { ConversationSource } from "../identity/conversation.ts";

/** A client's hook as the adapter is told of it. */
export interface HookCall {
  /** The client's name of the moment, such as `PostToolUse`. */
  readonly event: string;
  readonly sessionId: string;
  /** How a session that starts came about. */
  readonly source?: ConversationSource;
  readonly transcript?: string;
  /** The turn goes on because an earlier hook kept it from ending. */
  readonly stopActive?: boolean;
  /** Not to be answered at once: the hook waits for mail. */
  readonly wait?: boolean;
  /** `CODEX_HOME` as Codex has it; it does not pass it to its MCP servers. */
  readonly codexHome?: string;
  /** The client asks a person something: what its model is given next waits for the answer. */
  readonly dialog?: About;
}

/** What a dialog is about, as the mesh knows it. */
export type About = "permission" | "question";

const claudeDialogs: Readonly<Record<string, About>> = {
  permission_prompt: "permission",
  worker_permission_prompt: "permission",
  elicitation_dialog: "question",
  elicitation_url_dialog: "question",
};

/** The event by which most clients tell of a dialog, among other things: `idle_prompt` and the like keep nothing from the model. */
const NOTIFICATION = "Notification";

const notified: Readonly<Partial<Record<ClientKind, Readonly<Record<string, About>>>>> = {
  claude: claudeDialogs,
  qwen: claudeDialogs,
  gemini: { ToolPermission: "permission" },
};

/** An event that is a dialog's own. A hook could answer it in its user's place: ours prints nothing, and the user is asked. */
const asking: Readonly<Partial<Record<ClientKind, Readonly<Record<string, About>>>>> = {
  codex: { PermissionRequest: "permission" },
};

/** What an event tells of a dialog: what it is about; "nothing" for one that could tell of one and does not; undefined for every other. */
export function dialogIn(kind: ClientKind, event: string, type: unknown): About | "nothing" | undefined {
  if (event !== NOTIFICATION) return asking[kind]?.[event];
  return (typeof type === "string" ? notified[kind]?.[type] : undefined) ?? "nothing";
}

/** What to do: print for the client, or wake it; nothing when both are missing. */
export interface HookAnswer {
  readonly print?: string;
  readonly wake?: string;
}

/** The hook's line when it has printed, or is about to wake the client. */
export const SHOWN = "shown";

/** A moment of a session, whatever the client calls it. */
export type Moment = "start" | "prompt" | "tool" | "stop";

const claudeMoments: Readonly<Record<string, Moment>> = {
  SessionStart: "start",
  UserPromptSubmit: "prompt",
  PostToolUse: "tool",
  Stop: "stop",
};

/** The clients' names of the moments at which a hook of ours runs. */
export const moments: Readonly<Record<ClientKind, Readonly<Record<string, Moment>>>> = {
  claude: claudeMoments,
  codex: claudeMoments,
  copilot: claudeMoments,
  qwen: claudeMoments,
  gemini: { SessionStart: "start", BeforeAgent: "prompt", AfterTool: "tool", AfterAgent: "stop" },
};

/**
 * Whether a client keeps to itself what it was given at a moment: Qwen Code shows its model what keeps a turn from ending, and
 * notes it nowhere. Mail that nothing could show to have been read waits for another moment.
 */
export function isUntraced(kind: ClientKind, moment: Moment): boolean {
  return kind === "qwen" && moment === "stop";
}

/**
 * What a hook prints so that its client shows `text` to the model. At the end of a turn this begins another one. Codex
 * refuses any further key.
 */
export function hookOutput(kind: ClientKind, event: string, text: string): string {
  if (moments[kind][event] !== "stop") {
    // Copilot has Claude Code's names, and reads this at the top alone.
    if (kind === "copilot") return JSON.stringify({ additionalContext: text });
    return JSON.stringify({ hookSpecificOutput: { hookEventName: event, additionalContext: text } });
  }
  return JSON.stringify({ decision: kind === "gemini" ? "deny" : "block", reason: text });
}
