/** Push path copilot-extension: the extension that setup writes sends a text into its Copilot session. */
import type { ClientSession } from "../client/client-session.ts";
import type { PushPath } from "./push-path.ts";

/** The longest text that was tried and shown whole. */
const MAX_BYTES = 100_000;

/** The path, there for as long as the session's extension is connected. */
export function copilotExtension(session: ClientSession): PushPath {
  const inlet = () => {
    const { inlet: found } = session.facts;
    return found?.gone.aborted ? undefined : found;
  };
  return {
    name: "copilot-extension",
    maxBytes: MAX_BYTES,
    known: () => inlet() !== undefined,
    withinTurn: true,
    async push(text) {
      const found = inlet();
      if (!found) throw new Error("the extension has ended");
      await found.push(text);
    },
  };
}
