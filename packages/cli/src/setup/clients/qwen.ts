/** Qwen Code: MCP server and hooks in one `settings.json`. */
import { join } from "node:path";
import { hookEntry } from "../config/hook-entry.ts";
import { jsonFile } from "../config/json-file.ts";
import { serverEntry } from "../config/server-entry.ts";
import type { Client, Surroundings } from "./client.ts";
import { jsonSettings, type Settings, type ShutOut, someOf } from "./shut-out.ts";

const EVENTS = ["SessionStart", "UserPromptSubmit", "PostToolUse", "Stop", "Notification"];

/** Qwen Code. */
export const qwen: Client = {
  name: "qwen",
  title: "Qwen Code",
  programs: ["qwen"],
  traces: (at) => [ownFolder(at)],
  check: "qwen mcp list",
  restart: "open sessions; new ones have it",
  files(at, to) {
    const command = to.hookCommand("qwen");
    const hooks = command === undefined ? [] : [{ name: "agentmesh", type: "command", command, timeout: 5 }];
    return [
      jsonFile({
        path: join(at.project === undefined ? ownFolder(at) : join(at.project, ".qwen"), "settings.json"),
        entries: [
          serverEntry(["mcpServers", "agentmesh"], {
            command: to.command,
            args: to.args,
            env: to.env,
            // Else its model has to search for them.
            alwaysLoadTools: true,
            ...(to.allowTools && { trust: true }),
          }),
          ...EVENTS.map((event) => hookEntry(event, hooks)),
        ],
      }),
    ];
  },
  shutOut(at) {
    const folders = [ownFolder(at), systemFolder(at), ...(at.project === undefined ? [] : [join(at.project, ".qwen")])];
    return folders.flatMap((folder) => inSettings(jsonSettings(join(folder, "settings.json"))));
  },
  afterwards: (at) =>
    at.project === undefined
      ? []
      : ["Qwen Code asks once whether it may use the servers of .qwen: qwen mcp approve agentmesh"],
};

function ownFolder({ env, home }: Surroundings): string {
  return env.QWEN_HOME || join(home, ".qwen");
}

function systemFolder({ platform, env }: Surroundings): string {
  if (platform === "darwin") return "/Library/Application Support/QwenCode";
  return platform === "win32" ? join(env.ProgramData ?? "C:\\ProgramData", "qwen-code") : "/etc/qwen-code";
}

function inSettings(settings: Settings): ShutOut[] {
  const ours = (name: unknown) => name === "agentmesh";
  const tools = (list: unknown) =>
    someOf(list, (name) => typeof name === "string" && /^mcp__(?:\*|agentmesh(?:$|__))/.test(name));
  return [
    ...settings.when(
      ["mcp", "allowed"],
      (list) => Array.isArray(list) && !list.some((name) => typeof name === "string" && /^agentmesh$|[*?]/.test(name)),
      "does not name agentmesh: its server is not started",
    ),
    ...settings.when(["mcp", "excluded"], (list) => someOf(list, ours), "names agentmesh: its server is not started"),
    ...[
      ["permissions", "deny"],
      ["tools", "exclude"],
      ["tools", "disabled"],
    ].flatMap((path) => settings.when(path, tools, "tools of agentmesh are left out")),
    ...["includeTools", "excludeTools"].flatMap((name) =>
      settings.when(["mcpServers", "agentmesh", name], Array.isArray, "not all tools of agentmesh are on"),
    ),
    ...settings.when(["disableAllHooks"], (on) => on === true, "hooks do not run"),
    ...settings.when(
      ["agents", "crossSessionMessaging"],
      (on) => on === false,
      "sessions have no inbox: an idle one is not woken",
    ),
    ...settings.when(
      ["agents", "crossSessionInbound"],
      (how) => how === "hold" || how === "refuse",
      "messages are kept from the model: an idle session is not woken",
    ),
  ];
}
