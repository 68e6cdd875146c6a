/** Push path pi-extension: a message in the session. It starts a turn of an idle one, and comes into a turn under way. */
import type { PushPath, SteeredTexts } from "agentmesh-mcp/session";
import type { PiExtensionApi } from "./pi.ts";

/** More than any text that is pushed. */
const MAX_BYTES = 256 * 1024;

/** The kind of our messages, which the user sees before each. */
export const MESSAGE_KIND = "agentmesh";

/** The path, there as long as the session is. */
export function steerPath(pi: Pick<PiExtensionApi, "sendMessage">, texts: SteeredTexts): PushPath {
  return {
    name: "pi-extension",
    maxBytes: MAX_BYTES,
    known: () => true,
    async push(text, meta) {
      texts.handed(text);
      pi.sendMessage(
        { customType: MESSAGE_KIND, content: text, display: true, details: { ...meta } },
        // After the tool that runs, before the model is asked again.
        { triggerTurn: true, deliverAs: "steer" },
      );
    },
  };
}
