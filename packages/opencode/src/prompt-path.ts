/** Push path opencode-plugin: a prompt in the agent's own session. OpenCode queues it behind a turn under way. */
import type { PushPath } from "agentmesh-mcp/session";
import type { OpenSession } from "./open-session.ts";
import { OpenCodeAnswer, type OpenCodeClient } from "./opencode.ts";

/** More than any text that is pushed. */
const MAX_BYTES = 256 * 1024;

/** OpenCode answers as soon as it has the prompt, in milliseconds. */
const TAKEN_WITHIN_MS = 5_000;

/** The path, there from the first prompt of the session on. */
export function promptPath(client: OpenCodeClient, open: OpenSession): PushPath {
  return {
    name: "opencode-plugin",
    maxBytes: MAX_BYTES,
    known: () => open.lastPrompt !== undefined,
    async push(text) {
      const { id, lastPrompt } = open;
      if (id === undefined || lastPrompt === undefined) throw new Error("the session was not prompted yet");
      const { agent, model } = lastPrompt;
      const prompt = client.session.promptAsync({
        path: { id },
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
      if (error === undefined && (response === undefined || response.status < 300)) return;
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
