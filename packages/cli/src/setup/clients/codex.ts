/** Codex: MCP server in `config.toml`, hooks in `hooks.json`. */
import { join } from "node:path";
import { hookEntry } from "../config/hook-entry.ts";
import { jsonFile } from "../config/json-file.ts";
import { isRecord } from "../config/json-text.ts";
import { tomlServerFile } from "../config/toml-file.ts";
import type { Client, Surroundings } from "./client.ts";
import { type Settings, type ShutOut, tomlSettings } from "./shut-out.ts";

const EVENTS = ["SessionStart", "UserPromptSubmit", "PostToolUse", "Stop", "PermissionRequest"];

/** Codex. */
export const codex: Client = {
  name: "codex",
  title: "Codex",
  programs: ["codex"],
  traces: (at) => [ownFolder(at)],
  check: "codex mcp list",
  restart: "open sessions; new ones have it",
  files(at, to) {
    const folder = at.project === undefined ? ownFolder(at) : join(at.project, ".codex");
    const command = to.hookCommand("codex");
    const hooks = command === undefined ? [] : [{ type: "command", command, timeout: 5 }];
    return [
      tomlServerFile(join(folder, "config.toml"), {
        command: to.command,
        args: to.args,
        env: to.env,
        // A name hands the variable on from Codex's own environment, of which a server is given nothing else.
        ...(at.project !== undefined && { env_vars: ["AGENTMESH_HOME", "AGENTMESH_URL", "AGENTMESH_PORT"] }),
        ...(to.allowTools && { default_tools_approval_mode: "approve" }),
      }),
      jsonFile({ path: join(folder, "hooks.json"), entries: EVENTS.map((event) => hookEntry(event, hooks)) }),
    ];
  },
  shutOut(at) {
    const files = [ownFolder(at), ...(at.project === undefined ? [] : [join(at.project, ".codex")])];
    return [...files.flatMap((folder) => inConfig(tomlSettings(join(folder, "config.toml")))), ...required(at)];
  },
  afterwards: (at, to) => [
    ...(to.hookCommand("codex") === undefined
      ? []
      : ['Codex runs hooks only when you have trusted them: start codex once and take "Trust all and continue"']),
    ...(at.project === undefined ? [] : ["Codex reads .codex only in a folder that you trust"]),
  ],
};

function ownFolder({ env, home }: Surroundings): string {
  return env.CODEX_HOME || join(home, ".codex");
}

function inConfig(settings: Settings): ShutOut[] {
  const off = (value: unknown) => value === false;
  const some = (list: unknown) => Array.isArray(list) && list.length > 0;
  return [
    ...settings.when([...SERVER, "enabled"], off, "the server agentmesh is off"),
    ...settings.when([...SERVER, "disabled_tools"], some, "some of the tools of agentmesh are off"),
    ...settings.when([...SERVER, "enabled_tools"], Array.isArray, "only these tools of agentmesh are on"),
    ...["hooks", "codex_hooks"].flatMap((name) => settings.when(["features", name], off, "hooks do not run")),
  ];
}

/** What who manages the machine requires. */
function required({ platform, env }: Surroundings): ShutOut[] {
  const folder = platform === "win32" ? join(env.ProgramData ?? "C:\\ProgramData", "OpenAI", "Codex") : "/etc/codex";
  const settings = tomlSettings(join(folder, "requirements.toml"));
  const withoutOurs = (servers: unknown) => isRecord(servers) && servers.agentmesh === undefined;
  return [
    ...settings.when(["mcp_servers"], withoutOurs, "the server agentmesh is not among those that are allowed"),
    ...settings.when(["allow_managed_hooks_only"], (on) => on === true, "hooks of yours do not run, only managed ones"),
  ];
}

const SERVER = ["mcp_servers", "agentmesh"] as const;
