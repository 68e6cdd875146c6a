/** Push path opencode-plugin: a prompt in one of the sessions in use. OpenCode queues it behind a turn under way. */
import type { PushPath } from "agentmesh-mcp/session";
import type { OpenSessions } from "./open-sessions.ts";
import { OpenCodeAnswer, type OpenCodeClient } from "./opencode.ts";

/** More than any text that is pushed. */
const MAX_BYTES = 256 * 1024;

/** OpenCode answers as soon as it has the prompt, in milliseconds. */
const TAKEN_WITHIN_MS = 5_000;

/** The path, there from the first prompt of a session on. */
export function promptPath(client: OpenCodeClient, sessions: OpenSessions): PushPath {
  return {
    name: "opencode-plugin",
    maxBytes: MAX_BYTES,
    known: () => sessions.last !== undefined,
    async push(text, { thread_id }) {
      const session = sessions.for(thread_id);
      if (!session) throw new Error("no session of OpenCode is in use");
      const { agent, model } = session.lastPrompt;
      const prompt = client.session.promptAsync({
        path: { id: session.id },
        body: {
          parts: [{ type: "text", text }],
          // Without them OpenCode takes its default agent, which may do more than the one the user has chosen.
          ...(agent !== undefined && { agent }),
          ...(model !== undefined && { model: { providerID: model.providerID, modelID: model.modelID } }),
          ...(model?.variant !== undefined && { variant: model.variant }),
        },
      });
      const answer = OpenCodeAnswer.parse(await inTime(prompt));
      const { error, response } = answer;
      if (error === undefined && (response === undefined || response.status < 300)) {
        if (thread_id !== undefined) sessions.talks(session.id, thread_id);
        return;
      }
      if (response?.status === 404) sessions.gone(session.id);
      throw new Error(`OpenCode refused the prompt with ${response?.status ?? JSON.stringify(error).slice(0, 80)}`);
    },
  };
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`OpenCode did not take the prompt within ${TAKEN_WITHIN_MS} ms`)),
      TAKEN_WITHIN_MS,
    );
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
