/** GitHub Copilot CLI: MCP server, the extension that pushes with the setting it needs, and hooks for where that is off. */
import { join } from "node:path";
import { notedBeside } from "../config/backup.ts";
import { hookEntry } from "../config/hook-entry.ts";
import { jsonFile } from "../config/json-file.ts";
import { ownFile } from "../config/own-file.ts";
import { serverEntry } from "../config/server-entry.ts";
import { switchEntry } from "../config/switch-entry.ts";
import type { Client, Surroundings } from "./client.ts";
import { EXTENSION_BEGINS, extensionText } from "./copilot-extension.ts";
import { jsonSettings, someOf } from "./shut-out.ts";

const EVENTS = ["SessionStart", "UserPromptSubmit", "PostToolUse", "Stop"];

/** GitHub Copilot CLI. */
export const copilot: Client = {
  name: "copilot",
  title: "GitHub Copilot CLI",
  programs: ["copilot"],
  traces: (at) => [ownFolder(at)],
  check: "copilot mcp list",
  restart: "open sessions; new ones have it",
  files(at, to) {
    const folder = at.project === undefined ? ownFolder(at) : join(at.project, ".github");
    const server = { type: "local", command: to.command, args: to.args, env: to.env, tools: ["*"] };
    const servers = jsonFile({
      path: join(folder, at.project === undefined ? "mcp-config.json" : "mcp.json"),
      entries: [serverEntry(["mcpServers", "agentmesh"], server)],
    });
    if (at.project !== undefined) return [servers];
    const command = to.hookCommand("copilot");
    const hooks = command === undefined ? [] : [{ type: "command", command, timeout: 5 }];
    const settings = settingsOf(at);
    return [
      servers,
      ownFile({
        path: join(folder, "extensions", "agentmesh", "extension.mjs"),
        what: "extension agentmesh",
        text: extensionText(to.env.AGENTMESH_HOME),
        begins: EXTENSION_BEGINS,
      }),
      jsonFile({ path: settings, entries: [switchEntry(["experimental"], notedBeside(settings))] }),
      jsonFile({
        path: join(folder, "hooks", "agentmesh.json"),
        entries: EVENTS.map((event) => hookEntry(event, hooks)),
      }),
    ];
  },
  shutOut(at) {
    const settings = jsonSettings(settingsOf(at));
    const ours = (name: unknown) => name === "agentmesh";
    return [
      ...settings.when(
        ["disabledMcpServers"],
        (list) => someOf(list, ours),
        "its server is off: copilot mcp enable agentmesh",
      ),
      ...settings.when(
        ["experimental"],
        (on) => on === false,
        "extensions do not run: messages come by hooks, and an idle session is not woken",
      ),
      ...settings.when(["disableAllHooks"], (on) => on === true, "hooks do not run"),
    ];
  },
  afterwards: (at, to) => [
    ...(at.project === undefined
      ? [
          "Copilot runs extensions only while its experimental features are on (settings.json); without, messages come by hooks, and an idle session is not woken",
        ]
      : ["Copilot reads .github/mcp.json only in a folder that you trust"]),
    ...(to.allowTools
      ? ["Copilot keeps no list of tools that may pass everywhere: start it with --allow-tool=agentmesh"]
      : []),
  ],
};

function ownFolder({ env, home }: Surroundings): string {
  return env.COPILOT_HOME || join(home, ".copilot");
}

function settingsOf(at: Surroundings): string {
  return join(ownFolder(at), "settings.json");
}
