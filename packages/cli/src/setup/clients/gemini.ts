/** Gemini CLI: MCP server and hooks in one `settings.json`. */
import { join } from "node:path";
import { hookEntry } from "../config/hook-entry.ts";
import { jsonFile } from "../config/json-file.ts";
import { serverEntry } from "../config/server-entry.ts";
import type { Client, Surroundings } from "./client.ts";
import { jsonSettings, type Settings, type ShutOut, someOf } from "./shut-out.ts";

const EVENTS = ["SessionStart", "BeforeAgent", "AfterTool", "AfterAgent", "Notification"];
const HOOK_TIMEOUT_MS = 5_000;

/** Gemini CLI. */
export const gemini: Client = {
  name: "gemini",
  title: "Gemini CLI",
  programs: ["gemini"],
  traces: (at) => [ownFolder(at)],
  check: "gemini mcp list",
  restart: "open sessions; new ones have it",
  files(at, to) {
    const command = to.hookCommand("gemini");
    const hooks =
      command === undefined ? [] : [{ name: "agentmesh", type: "command", command, timeout: HOOK_TIMEOUT_MS }];
    return [
      jsonFile({
        path: join(at.project === undefined ? ownFolder(at) : join(at.project, ".gemini"), "settings.json"),
        entries: [
          serverEntry(["mcpServers", "agentmesh"], {
            command: to.command,
            args: to.args,
            env: to.env,
            ...(to.allowTools && { trust: true }),
          }),
          ...EVENTS.map((event) => hookEntry(event, hooks)),
        ],
      }),
    ];
  },
  shutOut(at) {
    const folders = [
      ownFolder(at),
      systemFolder(at),
      ...(at.project === undefined ? [] : [join(at.project, ".gemini")]),
    ];
    // What `gemini mcp disable` writes.
    const switched = jsonSettings(join(ownFolder(at), "mcp-server-enablement.json"));
    return [
      ...folders.flatMap((folder) => inSettings(jsonSettings(join(folder, "settings.json")))),
      ...switched.when(
        ["agentmesh", "enabled"],
        (on) => on === false,
        "its server is off: gemini mcp enable agentmesh",
      ),
    ];
  },
  afterwards: (_, to) =>
    to.hookCommand("gemini") === undefined
      ? ["Without hooks nothing can be pushed into Gemini CLI: messages wait for check_messages"]
      : [],
};

function ownFolder({ env, home }: Surroundings): string {
  return join(env.GEMINI_CLI_HOME || home, ".gemini");
}

function inSettings(settings: Settings): ShutOut[] {
  const ours = (name: unknown) => name === "agentmesh";
  const off = (value: unknown) => value === false;
  const tools = (list: unknown) =>
    someOf(list, (name) => typeof name === "string" && /^mcp_(?:\*|agentmesh_)/.test(name));
  return [
    ...settings.when(
      ["mcp", "allowed"],
      (list) => Array.isArray(list) && !list.some(ours),
      "does not name agentmesh: its server is not started",
    ),
    ...settings.when(["mcp", "excluded"], (list) => someOf(list, ours), "names agentmesh: its server is not started"),
    ...settings.when(["admin", "mcp", "enabled"], off, "no MCP server is started"),
    ...settings.when(["tools", "exclude"], tools, "tools of agentmesh are left out"),
    ...["includeTools", "excludeTools"].flatMap((name) =>
      settings.when(["mcpServers", "agentmesh", name], Array.isArray, "not all tools of agentmesh are on"),
    ),
    ...settings.when(["hooksConfig", "enabled"], off, "hooks do not run, and nothing can be pushed"),
    ...settings.when(["hooksConfig", "disabled"], (list) => someOf(list, ours), "the hooks of agentmesh do not run"),
  ];
}

function systemFolder({ platform, env }: Surroundings): string {
  if (platform === "darwin") return "/Library/Application Support/GeminiCli";
  return platform === "win32" ? join(env.ProgramData ?? "C:\\ProgramData", "gemini-cli") : "/etc/gemini-cli";
}
