/** One connection of a hook: its call read line by line, its answer written, and whether it was shown. */
import { timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import * as z from "zod";
import { conversationSources } from "../identity/conversation.ts";
import { type HookAnswer, type HookCall, SHOWN } from "./hook-call.ts";

/** A hook that says nothing for this long is hung up on, in milliseconds. */
const SILENCE_MS = 5_000;
const MAX_LINE = 64 * 1024;

const Line = z.object({
  key: z.string(),
  call: z.object({
    event: z.string().max(64),
    sessionId: z.string().min(1).max(200),
    source: z.enum(conversationSources).optional().catch(undefined),
    transcript: z.string().max(4_096).optional(),
    stopActive: z.boolean().optional(),
    wait: z.boolean().optional(),
    codexHome: z.string().max(4_096).optional(),
  }),
});

/** A hook that is waiting for its answer. */
export interface Caller {
  readonly call: HookCall;
  /** Aborts when the hook has hung up. */
  readonly gone: AbortSignal;
  /** Answers; resolves with whether the hook has shown it to its client. */
  answer(answer: HookAnswer): Promise<boolean>;
}

/** Reads what a hook says that knows `key`, and hands each call on; hangs up on anything else. */
export function serveHook(socket: Socket, key: string, onCall: (caller: Caller) => void): void {
  socket.unref();
  socket.on("error", () => undefined);
  socket.setTimeout(SILENCE_MS, () => socket.destroy());
  const gone = new AbortController();
  let shown = false;
  let text = "";
  socket.once("close", () => gone.abort());
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    if (text.length > MAX_LINE) socket.destroy();
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n")) {
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      if (line === SHOWN) {
        shown = true;
        continue;
      }
      const call = callIn(line, key);
      if (!call) return void socket.destroy();
      if (call.wait) socket.setTimeout(0);
      onCall({
        call,
        gone: gone.signal,
        async answer(answer) {
          if (gone.signal.aborted) return false;
          const closed = new Promise((resolve) => socket.once("close", resolve));
          socket.setTimeout(SILENCE_MS);
          socket.write(`${JSON.stringify(answer)}\n`);
          await closed;
          return shown;
        },
      });
    }
  });
}

function callIn(text: string, ownKey: string): HookCall | undefined {
  try {
    const { key, call } = Line.parse(JSON.parse(text));
    const [said, own] = [Buffer.from(key), Buffer.from(ownKey)];
    if (said.length !== own.length || !timingSafeEqual(said, own)) return undefined;
    const { event, sessionId, source, transcript, stopActive, wait, codexHome } = call;
    return {
      event,
      sessionId,
      ...(source !== undefined && { source }),
      ...(transcript !== undefined && { transcript }),
      ...(stopActive !== undefined && { stopActive }),
      ...(wait !== undefined && { wait }),
      ...(codexHome !== undefined && { codexHome }),
    };
  } catch {
    return undefined;
  }
}
