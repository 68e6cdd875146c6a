/**
 * An extension in the client's session that takes texts: it came in through the socket of the hooks, and stays. One line of
 * JSON each way: `{"id":1,"text":"…"}`, answered `{"id":1}` or `{"id":1,"failed":"why"}`.
 */
import type { Socket } from "node:net";
import * as z from "zod";

/** An extension has taken a text within this time, or the push has failed; in milliseconds. */
const TAKEN_WITHIN_MS = 5_000;

const Answer = z.object({ id: z.number(), failed: z.string().max(2_000).optional() });

/** The way into a session through its extension. */
export interface Inlet {
  /** Aborts when the extension is gone. */
  readonly gone: AbortSignal;
  /** Resolves when the client has the text. @throws Error when it has not taken it, or says that it cannot */
  push(text: string): Promise<void>;
}

/** An extension's connection: the way in, and what takes the lines that the extension says. */
export interface Extension {
  readonly inlet: Inlet;
  heard(line: string): void;
}

/** Takes a connection for an extension's. */
export function openInlet(socket: Socket, gone: AbortSignal): Extension {
  const waiting = new Map<number, (answer: { readonly failed?: string | undefined }) => void>();
  let last = 0;
  socket.setTimeout(0);
  gone.addEventListener("abort", () => {
    for (const settle of waiting.values()) settle({ failed: "the extension ended before it had taken the text" });
  });
  return {
    inlet: {
      gone,
      async push(text) {
        if (gone.aborted) throw new Error("the extension has ended");
        const id = ++last;
        const { promise, resolve } = Promise.withResolvers<{ readonly failed?: string | undefined }>();
        const late = `the extension did not take the text within ${TAKEN_WITHIN_MS} ms`;
        const timer = setTimeout(() => resolve({ failed: late }), TAKEN_WITHIN_MS);
        waiting.set(id, resolve);
        socket.write(`${JSON.stringify({ id, text })}\n`);
        const { failed } = await promise;
        clearTimeout(timer);
        waiting.delete(id);
        if (failed !== undefined) throw new Error(failed);
      },
    },
    heard(line) {
      const answer = answerIn(line);
      if (answer) waiting.get(answer.id)?.(answer);
      else socket.destroy();
    },
  };
}

function answerIn(line: string): z.infer<typeof Answer> | undefined {
  try {
    return Answer.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
