/** OpenCode: the plugin `opencode-agentmesh`, which brings the tools and pushes; no MCP server beside it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { notedBeside } from "../config/backup.ts";
import type { ConfigFile } from "../config/config-file.ts";
import { jsonFile } from "../config/json-file.ts";
import { listedEntry } from "../config/listed-entry.ts";
import type { Client, Connection, Surroundings } from "./client.ts";
import { jsonSettings, type ShutOut } from "./shut-out.ts";

/** OpenCode. */
export const opencode: Client = {
  name: "opencode",
  title: "OpenCode",
  programs: ["opencode"],
  traces: (at) => [ownFolder(at)],
  check: "start opencode and ask it: who is on agentmesh?",
  restart: "OpenCode; it fetches the plugin when it starts",
  shutOut: (at) => shutOutOf(fileOf(at)),
  files: (at, to) => [pluginFile(fileOf(at), "https://opencode.ai/config.json", to)],
};

/** The plugin in a configuration of OpenCode's shape, which names its schema where it is made anew. */
export function pluginFile(path: string, schema: string, to: Connection): ConfigFile {
  const { published, built } = to.plugin("opencode");
  return jsonFile({
    path,
    fresh: { $schema: schema },
    entries: [
      listedEntry({
        what: "plugin opencode-agentmesh",
        path: ["plugin"],
        value: built === undefined ? published : pathToFileURL(built).href,
        noted: notedBeside(path),
        isLike: isPlugin,
      }),
    ],
  });
}

/** What a configuration of OpenCode's shape keeps out. */
export function shutOutOf(file: string): readonly ShutOut[] {
  const settings = jsonSettings(file);
  const shut = (how: unknown) => how === false || how === "deny";
  return [
    ...["tools", "permission"].flatMap((group) =>
      settings
        .names(group)
        .filter((name) => /^(?:\*$|agentmesh)/.test(name))
        .flatMap((name) => settings.when([group, name], shut, "shuts tools of agentmesh out")),
    ),
    ...settings.when(
      ["mcp", "agentmesh", "enabled"],
      (on) => on === false,
      "the server agentmesh is off; the plugin, which brings the same tools, is not",
    ),
  ];
}

/** Whether a name in a list of plugins stands for ours. */
function isPlugin(name: string): boolean {
  return /(^|[\\/])opencode-agentmesh($|[\\/@])/.test(name) || /^file:.*[\\/]packages[\\/]opencode[\\/]/.test(name);
}

function ownFolder({ env, home }: Surroundings): string {
  return join(env.XDG_CONFIG_HOME || join(home, ".config"), "opencode");
}

function fileOf(at: Surroundings): string {
  if (at.project === undefined && at.env.OPENCODE_CONFIG) return at.env.OPENCODE_CONFIG;
  const folder = at.project ?? ownFolder(at);
  const withComments = join(folder, "opencode.jsonc");
  return existsSync(withComments) ? withComments : join(folder, "opencode.json");
}
