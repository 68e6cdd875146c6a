/** Push paths claude-hooks, codex-hooks, copilot-hooks, gemini-hooks and qwen-hooks: the session's own hooks come for its mail. */
import type { ClientSession } from "../client/client-session.ts";
import type { PushPath } from "./push-path.ts";

/**
 * Claude Code and Codex cut what a hook says at 10,000 characters. Gemini CLI took 60,000, but a hook's text stands before
 * the user's own prompt.
 */
const MAX_BYTES = 9_500;

/** The path, there from the first hook on that was heard. */
export function sessionHooks(session: ClientSession): PushPath {
  return { name: `${session.kind}-hooks`, maxBytes: MAX_BYTES, known: () => session.facts.hooks === true };
}
