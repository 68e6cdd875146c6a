/** Push path claude-inbox: one line into the inbox socket of the Claude Code session that started this process. */
import type { PushPath } from "./push-path.ts";
import { writeWhole } from "./write-whole.ts";

/** The path through a session's inbox socket. No session_id is sent: a stale one makes Claude Code drop the line. */
export function claudeInbox(socketPath: string, token: string | undefined): PushPath {
  return {
    name: "claude-inbox",
    // Claude Code takes about a million characters; the longest text of ours is far below.
    maxBytes: 512 * 1024,
    known: () => true,
    withinTurn: true,
    tellsAtOnce: true,
    push: (text, { from }) => {
      const line = { type: "user", from: `agentmesh:${from}`, message: { role: "user", content: text } };
      const lines = token === undefined ? [line] : [{ type: "auth", token }, line];
      return writeWhole(socketPath, lines.map((value) => `${JSON.stringify(value)}\n`).join(""));
    },
  };
}
