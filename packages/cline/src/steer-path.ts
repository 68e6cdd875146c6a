/** Push path cline-plugin: a message in the session. It starts a turn of an idle one, and comes into a turn under way. */
import type { PushPath, SteeredTexts } from "agentmesh-mcp/session";
import { steering } from "./cline.ts";

/** More than any text that is pushed. */
const MAX_BYTES = 256 * 1024;

/** The path; Cline itself lends its plugins the way. */
export function steerPath(sessionId: string, texts: SteeredTexts): PushPath {
  const steer = () => steering(Reflect.get(globalThis, "__clinePluginHost"));
  return {
    name: "cline-plugin",
    maxBytes: MAX_BYTES,
    known: () => steer() !== undefined,
    async push(text) {
      const way = steer();
      if (!way) throw new Error("this Cline lends its plugins no way to steer a session");
      texts.handed(text);
      way(sessionId, text);
    },
  };
}
