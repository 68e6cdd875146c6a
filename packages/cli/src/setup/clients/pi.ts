/** Pi: the extension `pi-agentmesh`, which brings the tools and pushes; no MCP server beside it. */
import { dirname, join } from "node:path";
import { notedBeside } from "../config/backup.ts";
import { jsonFile } from "../config/json-file.ts";
import { listedEntry } from "../config/listed-entry.ts";
import type { Client, Surroundings } from "./client.ts";
import { jsonSettings, type Settings, type ShutOut } from "./shut-out.ts";

/** Pi. */
export const pi: Client = {
  name: "pi",
  title: "Pi",
  // Other programs are called pi, too: what it leaves in the home directory speaks for it.
  programs: [],
  traces: (at) => [ownFolder(at)],
  check: "start pi and ask it: who is on agentmesh?",
  restart: "open sessions, or /reload in them",
  files(at, to) {
    const path = join(folderOf(at), "settings.json");
    const { published, built } = to.plugin("pi");
    return [
      jsonFile({
        path,
        entries: [
          listedEntry({
            what: "package pi-agentmesh",
            path: ["packages"],
            // Pi takes a folder for a package by what its package.json says.
            value: built === undefined ? `npm:${published}` : dirname(dirname(built)),
            noted: notedBeside(path),
            isLike: (name) => /^npm:pi-agentmesh($|@)/.test(name) || /[\\/]packages[\\/]pi[\\/]?$/.test(name),
          }),
        ],
      }),
    ];
  },
  shutOut(at) {
    const folders = [ownFolder(at), ...(at.project === undefined ? [] : [folderOf(at)])];
    return folders.flatMap((folder) => [
      ...beside(jsonSettings(join(folder, "mcp.json"))),
      ...jsonSettings(join(folder, "settings.json")).when(
        ["codemode", "mode"],
        (mode) => mode === "only",
        "the tools of agentmesh are called from scripts only, and what check_messages shows there is not acked",
      ),
    ]);
  },
};

/** Two adapters would be two agents with two inboxes. */
function beside(servers: Settings): readonly ShutOut[] {
  return servers.when(
    ["mcpServers", "agentmesh"],
    (entry) => entry !== undefined,
    "starts an adapter beside the extension: a second agent, whose mail nobody is pushed. To remove it: pi mcp remove agentmesh",
  );
}

function ownFolder({ env, home }: Surroundings): string {
  return env.PI_CODING_AGENT_DIR || join(home, ".pi", "agent");
}

function folderOf(at: Surroundings): string {
  return at.project === undefined ? ownFolder(at) : join(at.project, ".pi");
}
