/** The outside world's end of a Claude Code inbox socket: a Unix socket that keeps the lines it gets. */
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import * as z from "zod";
import { tempDir } from "./temp-dir.ts";

const UserLine = z.object({ type: z.literal("user"), from: z.string(), message: z.object({ content: z.string() }) });

/** A listening inbox socket. */
export interface ClaudeInbox extends AsyncDisposable {
  readonly path: string;
  /** Texts received, in order, and when (performance.now()). */
  readonly texts: { readonly text: string; readonly from: string; readonly at: number }[];
  /** Every line as received. */
  readonly lines: string[];
}

/**
 * Opens an inbox socket in a folder of its own. It swallows what it gets, or tells `onText` of it. With `keepsOpen` it
 * never closes a connection of its own accord.
 */
export async function openClaudeInbox(
  onText: (text: string) => void = () => undefined,
  { keepsOpen = false } = {},
): Promise<ClaudeInbox> {
  const folder = tempDir();
  const path = join(folder.path, "inbox.sock");
  const lines: string[] = [];
  const texts: ClaudeInbox["texts"] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: keepsOpen }, (socket) => {
    sockets.add(socket);
    let rest = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        lines.push(line);
        const user = UserLine.safeParse(JSON.parse(line)).data;
        if (!user) continue;
        texts.push({ text: user.message.content, from: user.from, at: performance.now() });
        onText(user.message.content);
      }
    });
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    texts,
    lines,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      folder[Symbol.dispose]();
    },
  };
}
