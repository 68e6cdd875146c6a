/** Push path claude-inbox: one line into the inbox socket of the Claude Code session that started this process. */
import { connect } from "node:net";
import type { PushPath } from "./push-path.ts";

const TIMEOUT_MS = 2_000;

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
      return write(socketPath, lines.map((value) => `${JSON.stringify(value)}\n`).join(""));
    },
  };
}

/**
 * Connects, writes, ends; resolves when all was flushed and the other side has closed, or has not within the time: what
 * it was given whole must not be pushed again at once. A reset says that something of the text was left unread.
 */
function write(socketPath: string, data: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let flushed = false;
    const socket = connect(socketPath, () => socket.end(data));
    const timer = setTimeout(() => {
      if (flushed) socket.destroy();
      else socket.destroy(new Error(`the inbox socket did not take the text within ${TIMEOUT_MS} ms`));
    }, TIMEOUT_MS);
    socket.resume();
    socket.once("finish", () => {
      flushed = true;
    });
    socket.once("error", reject);
    socket.once("close", () => {
      clearTimeout(timer);
      if (flushed) resolve();
      else reject(new Error("the inbox socket closed before the text was written"));
    });
  });
}
