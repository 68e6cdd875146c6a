/** One connection of a hook, read line by line: its call, its answer, and whether it was shown; or an extension that stays. */
import { timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import * as z from "zod";
import { conversationSources } from "../identity/conversation.ts";
import { type HookAnswer, type HookCall, SHOWN } from "./hook-call.ts";
import { type Extension, type Inlet, openInlet } from "./inlet.ts";

/** A hook that says nothing for this long is hung up on, in milliseconds. */
const SILENCE_MS = 5_000;
const MAX_LINE = 64 * 1024;

const Keyed = z.object({ key: z.string() });
const Stays = z.object({ extension: z.object({ sessionId: z.string().min(1).max(200) }) });
const Calls = z.object({
  call: z.object({
    event: z.string().max(64),
    sessionId: z.string().min(1).max(200),
    source: z.enum(conversationSources).optional().catch(undefined),
    transcript: z.string().max(4_096).optional(),
    stopActive: z.boolean().optional(),
    wait: z.boolean().optional(),
    codexHome: z.string().max(4_096).optional(),
    dialog: z.enum(["permission", "question"]).optional().catch(undefined),
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

/** Who is told of what comes in. */
export interface Heard {
  onCall(caller: Caller): void;
  /** The extension of a session by that id has come; false when it is of no use here. */
  onInlet(sessionId: string, inlet: Inlet): boolean;
}

/** Reads what comes in that knows `key`, and hands each call and the extension on; hangs up on anything else. */
export function serveHook(socket: Socket, key: string, { onCall, onInlet }: Heard): void {
  socket.unref();
  socket.on("error", () => undefined);
  socket.setTimeout(SILENCE_MS, () => socket.destroy());
  const gone = new AbortController();
  let shown = false;
  let text = "";
  let extension: Extension | undefined;
  socket.once("close", () => gone.abort());
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    if (text.length > MAX_LINE) socket.destroy();
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n")) {
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      if (line === SHOWN) shown = true;
      else if (extension) extension.heard(line);
      else greeted(line);
    }
  });

  function greeted(line: string): void {
    const said = parsed(line, key);
    const sessionId = Stays.safeParse(said).data?.extension.sessionId;
    const call = Calls.safeParse(said).data?.call;
    if (sessionId !== undefined) {
      extension = openInlet(socket, gone.signal);
      if (!onInlet(sessionId, extension.inlet)) socket.destroy();
    } else if (call) called(plainCall(call));
    else socket.destroy();
  }

  function called(call: HookCall): void {
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
}

/** What a line says, if whoever wrote it knows the key. */
function parsed(line: string, ownKey: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    const [said, own] = [Buffer.from(Keyed.parse(value).key), Buffer.from(ownKey)];
    return said.length === own.length && timingSafeEqual(said, own) ? value : undefined;
  } catch {
    return undefined;
  }
}

function plainCall(said: z.infer<typeof Calls>["call"]): HookCall {
  const { event, sessionId, source, transcript, stopActive, wait, codexHome, dialog } = said;
  return {
    event,
    sessionId,
    ...(source !== undefined && { source }),
    ...(transcript !== undefined && { transcript }),
    ...(stopActive !== undefined && { stopActive }),
    ...(wait !== undefined && { wait }),
    ...(codexHome !== undefined && { codexHome }),
    ...(dialog !== undefined && { dialog }),
  };
}
