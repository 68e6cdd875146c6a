/** What keeps our server, tools or hooks out of Claude Code: its own settings, a project's, and managed ones. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isRecord } from "../config/json-text.ts";
import type { Connection, Surroundings } from "./client.ts";
import { jsonSettings, type Settings, type ShutOut, someOf } from "./shut-out.ts";

/** Looks through the settings that Claude Code takes; `main` is the file of its servers. */
export function claudeShutOut(at: Surroundings, to: Connection, folder: string, main: string): ShutOut[] {
  const managedFolder = managedFolderOf(at);
  const managed = managedFilesOf(managedFolder).map((file) => jsonSettings(file));
  const remote = jsonSettings(join(folder, "remote-settings.json"));
  const project = at.project === undefined ? [] : ["settings.json", "settings.local.json"];
  const all = [
    ...managed,
    remote,
    jsonSettings(join(folder, "settings.json")),
    ...project.map((name) => jsonSettings(join(at.project ?? "", ".claude", name))),
  ];
  return [
    ...exclusive(join(managedFolder, "managed-mcp.json"), managed),
    ...all.flatMap((settings) => inSettings(settings, to, at.project !== undefined)),
    ...[...managed, remote].flatMap(inManaged),
    ...inMain(jsonSettings(main), at.project),
  ];
}

function inSettings(settings: Settings, { command, args }: Connection, inProject: boolean): ShutOut[] {
  const names = (rule: unknown) => isRecord(rule) && rule.serverName === "agentmesh";
  const starts = (rule: unknown) => isRecord(rule) && isDeepStrictEqual(rule.serverCommand, [command, ...args]);
  const ours = (rule: unknown) => names(rule) || starts(rule);
  const byCommand = (rule: unknown) => isRecord(rule) && rule.serverCommand !== undefined;
  // Where commands are listed, a name alone lets no local server in.
  const outside = (list: unknown) => Array.isArray(list) && !list.some(list.some(byCommand) ? starts : ours);
  const disabled = (list: unknown) => inProject && someOf(list, (name) => name === "agentmesh");
  return [
    ...settings.when(
      ["permissions", "deny"],
      (list) => someOf(list, isOurRule),
      "the tools of agentmesh, or some of them, are denied",
    ),
    ...settings.when(
      ["permissions", "ask"],
      (list) => someOf(list, isOurRule),
      "asks you at each of these tools, whatever else allows them",
    ),
    ...settings.when(["deniedMcpServers"], (list) => someOf(list, ours), "the server agentmesh is denied"),
    ...settings.when(["allowedMcpServers"], outside, "the server agentmesh is not among those that are allowed"),
    ...settings.when(["disabledMcpjsonServers"], disabled, "the server agentmesh of .mcp.json is disabled"),
    ...settings.when(["disableAllHooks"], (on) => on === true, "hooks do not run"),
  ];
}

function inManaged(settings: Settings): ShutOut[] {
  const locks = (surface: string) => (value: unknown) => value === true || someOf(value, (one) => one === surface);
  return [
    ...settings.when(["allowManagedHooksOnly"], (on) => on === true, "hooks of yours do not run, only managed ones"),
    ...settings.when(
      ["strictPluginOnlyCustomization"],
      locks("mcp"),
      "servers come from plugins only: take the plugin instead of setup",
    ),
    ...settings.when(["strictPluginOnlyCustomization"], locks("hooks"), "hooks come from plugins only"),
  ];
}

/** The managed file of servers keeps every other server out. */
function exclusive(file: string, managed: readonly Settings[]): ShutOut[] {
  if (!existsSync(file) || managed.some((settings) => settings.at("allowUserMcpServers") === true)) return [];
  if (jsonSettings(file).at("mcpServers", "agentmesh") !== undefined) return [];
  return [
    { file, key: "mcpServers", says: "Claude Code starts only the servers of this file; ask who manages this machine" },
  ];
}

/** Servers that were switched off with /mcp, folder by folder. */
function inMain(settings: Settings, project: string | undefined): ShutOut[] {
  return settings.names("projects").flatMap((folder) =>
    ["disabledMcpServers", "disabledMcpjsonServers"].flatMap((name) => {
      if (name === "disabledMcpjsonServers" && folder !== project) return [];
      const off = someOf(settings.at("projects", folder, name), (one) => one === "agentmesh");
      const says = "the server agentmesh is off in that folder. To have it there: /mcp enable agentmesh";
      return off ? [{ file: settings.file, key: `projects["${folder}"].${name}`, says }] : [];
    }),
  );
}

/** A permission rule that means our tools: the server, one tool, or a pattern. */
function isOurRule(rule: unknown): boolean {
  return typeof rule === "string" && /^mcp__(?:\*|agentmesh(?:$|\(|__))/.test(rule);
}

function managedFilesOf(folder: string): string[] {
  const parts = join(folder, "managed-settings.d");
  try {
    const names = readdirSync(parts).filter((name) => name.endsWith(".json"));
    return [join(folder, "managed-settings.json"), ...names.sort().map((name) => join(parts, name))];
  } catch {
    return [join(folder, "managed-settings.json")];
  }
}

function managedFolderOf({ platform, env }: Surroundings): string {
  if (platform === "darwin") return "/Library/Application Support/ClaudeCode";
  return platform === "win32" ? join(env.ProgramFiles ?? "C:\\Program Files", "ClaudeCode") : "/etc/claude-code";
}
