/** The extension that setup writes for GitHub Copilot CLI, which runs it in a process of its own beside each session. */

/** How each edition of it begins. */
export const EXTENSION_BEGINS = "// agentmesh: written by `agentmesh setup`";

/** What Copilot gives its extensions; nowhere else is it to be found. */
const SDK = "@github/copilot-sdk/extension";

/**
 * Its text: it finds the adapter of its session by the card in the state folder, stays connected, and sends each text that it is
 * given into the session. It loads nothing but Node and Copilot's own SDK, and registers nothing, so Copilot asks nobody.
 * `stateFolder` is undefined for the usual one.
 */
export function extensionText(stateFolder: string | undefined): string {
  const home =
    stateFolder === undefined ? 'env.AGENTMESH_HOME || join(homedir(), ".agentmesh")' : JSON.stringify(stateFolder);
  return `${EXTENSION_BEGINS}, taken away by \`agentmesh uninstall\`.
// Brings the messages of other agents into this session: they come from its MCP server agentmesh.
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";
import { joinSession } from ${JSON.stringify(SDK)};

const folder = join(${home}, "hooks");
const session = await joinSession({});

/** What the adapters of this session say of themselves; one that was killed has left its card behind. */
function cards() {
  try {
    return readdirSync(folder).flatMap((name) => {
      try {
        const card = name.endsWith(".json") ? JSON.parse(readFileSync(join(folder, name), "utf8")) : {};
        return card.kind === "copilot" && card.sessionId === session.sessionId ? [card] : [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

/** Takes texts from one adapter until it hangs up. */
function serve({ socket, key }) {
  return new Promise((resolve) => {
    let rest = "";
    const adapter = connect(socket, () => {
      adapter.write(JSON.stringify({ key, extension: { sessionId: session.sessionId } }) + "\\n");
    });
    adapter.setEncoding("utf8");
    adapter.on("data", (chunk) => {
      const lines = (rest + chunk).split("\\n");
      rest = lines.pop();
      for (const line of lines) void take(adapter, line);
    });
    adapter.on("error", () => undefined);
    adapter.on("close", resolve);
  });
}

/** Between two steps of a turn that is on, or as a turn of its own. */
async function take(adapter, line) {
  const { id, text } = JSON.parse(line);
  const answer = (failed) => adapter.write(JSON.stringify({ id, failed }) + "\\n");
  try {
    await session.send({ prompt: text, mode: "immediate" });
    answer();
  } catch (error) {
    answer(String(error?.message ?? error));
  }
}

for (;;) {
  for (const card of cards()) await serve(card);
  await new Promise((resolve) => setTimeout(resolve, 250));
}
`;
}
