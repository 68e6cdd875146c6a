/** Cline: the plugin `cline-agentmesh`, which brings the tools and pushes; no MCP server beside it. */
import { join } from "node:path";
import { ownFile } from "../config/own-file.ts";
import type { Client, Surroundings } from "./client.ts";
import { jsonSettings } from "./shut-out.ts";

/** Cline. */
export const cline: Client = {
  name: "cline",
  title: "Cline",
  programs: ["cline"],
  traces: (at) => [ownFolder(at)],
  check: "start cline and ask it: who is on agentmesh?",
  restart: "open sessions; new ones have it",
  standsAside(at, to) {
    if (at.project !== undefined) return undefined;
    const { published, built } = to.plugin("cline");
    return built === undefined ? `Cline installs its plugins itself: cline plugin install npm:${published}` : undefined;
  },
  files(at, to) {
    const { built } = to.plugin("cline");
    if (at.project !== undefined || built === undefined) return [];
    const folder = join(ownFolder(at), "plugins", "agentmesh");
    return [
      ownFile({
        path: join(folder, "index.js"),
        what: "plugin cline-agentmesh",
        begins: ENTRY,
        text: `${ENTRY}import { createRequire } from "node:module";\n\nexport default createRequire(import.meta.url)(${JSON.stringify(built)}).default;\n`,
      }),
      ownFile({ path: join(folder, "package.json"), what: "its manifest", begins: MANIFEST, text: MANIFEST }),
    ];
  },
  shutOut: (at) =>
    jsonSettings(join(ownFolder(at), "data", "settings", "cline_mcp_settings.json")).when(
      ["mcpServers", "agentmesh"],
      (entry) => entry !== undefined,
      "starts an adapter beside the plugin: a second agent, in the directory and with the life of Cline's hub",
    ),
};

/** Cline translates what it imports, which takes longer than it waits for a plugin: Node loads ours. */
const ENTRY = "// The plugin of agentmesh, written by its setup.\n";

/** What Cline looks for in a folder of plugins. */
const MANIFEST = `${JSON.stringify(
  {
    name: "agentmesh",
    description: "The plugin of agentmesh, written by its setup",
    private: true,
    type: "module",
    cline: { plugins: [{ paths: ["./index.js"] }] },
  },
  undefined,
  2,
)}\n`;

function ownFolder({ home }: Surroundings): string {
  return join(home, ".cline");
}
