/** Claude Code: MCP server in its own file of settings, hooks in `settings.json`. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { notedBeside } from "../config/backup.ts";
import { readConfig } from "../config/file.ts";
import { hookEntry } from "../config/hook-entry.ts";
import { jsonFile } from "../config/json-file.ts";
import { childrenOf, isContainer, isRecord, type JsonText, nodeAt, parseJson, valueAt } from "../config/json-text.ts";
import { listedEntry } from "../config/listed-entry.ts";
import { serverEntry } from "../config/server-entry.ts";
import { claudeShutOut } from "./claude-code-shut-out.ts";
import type { Client, Connection, Surroundings } from "./client.ts";

const EVENTS = ["SessionStart", "UserPromptSubmit", "PostToolUse", "Stop", "Notification"];
const DAY_SECONDS = 86_400;

/** Claude Code. */
export const claudeCode: Client = {
  name: "claude-code",
  title: "Claude Code",
  programs: ["claude"],
  traces: (at) => [folderOf(at), join(at.home, ".claude.json")],
  check: "claude mcp list",
  restart: "open sessions; new ones have it",
  files(at, to, version) {
    const server = { type: "stdio", command: to.command, args: to.args, env: to.env, alwaysLoad: true };
    const local = at.project !== undefined;
    const settings = local ? join(at.project, ".claude", "settings.local.json") : join(folderOf(at), "settings.json");
    return [
      jsonFile({
        path: local ? join(at.project, ".mcp.json") : mainFileOf(at),
        entries: [serverEntry(["mcpServers", "agentmesh"], server)],
        notes: otherServers,
      }),
      jsonFile({
        path: settings,
        entries: [...hookEntries(to, version), toolsAllowed(to, notedBeside(settings))],
      }),
    ];
  },
  shutOut: (at, to) => claudeShutOut(at, to, folderOf(at), mainFileOf(at)),
  standsAside(at) {
    const text = readConfig(join(folderOf(at), "settings.json"));
    if (text === undefined || text.trim() === "") return undefined;
    const plugins = valueAt(parseJson(text, "jsonc"), ["enabledPlugins"]);
    const ours = Object.entries(isRecord(plugins) ? plugins : {}).find(
      ([name, on]) => /^agentmesh@/.test(name) && on === true,
    );
    if (ours === undefined) return undefined;
    // A plugin cannot tell Claude Code's version, and one that does not know waiting hooks would wait for them.
    return `its plugin ${ours[0]} is on and brings server and hooks, but none that wakes an idle session. To have all from setup instead: claude plugin uninstall ${ours[0]}, then agentmesh setup`;
  },
  afterwards: (at) =>
    at.project === undefined ? [] : ["Claude Code asks once whether it may use the servers of .mcp.json"],
};

/** The rule by which Claude Code lets every tool of ours pass. */
function toolsAllowed(to: Connection, noted: readonly string[]) {
  const rule = "mcp__agentmesh";
  const what = `permission ${rule}`;
  return listedEntry({
    what,
    path: ["permissions", "allow"],
    value: rule,
    noted,
    wanted: to.allowTools,
    isLike: (name) => name === rule,
  });
}

function hookEntries(to: Connection, version: string | undefined) {
  const command = to.hookCommand("claude");
  if (command === undefined) return EVENTS.map((event) => hookEntry(event, []));
  const now = { type: "command", command, timeout: 5 };
  // Waits behind the session's back, and wakes it when a message comes.
  const waiting = { type: "command", command: `${command} --wait`, asyncRewake: true, timeout: DAY_SECONDS };
  return EVENTS.map((event) => {
    const plain = event === "SessionStart" ? [] : [now];
    const waking = event === "SessionStart" || event === "Stop" ? [...plain, waiting] : plain;
    return hookEntry(event, wakes(version) ? waking : plain, version === undefined ? waking : undefined);
  });
}

/** Whether a Claude Code knows hooks that wake it later; one that does not would wait for them. */
function wakes(version: string | undefined): boolean {
  const [major = 0, minor = 0, patch = 0] = (version ?? "").split(/[.+-]/).map(Number);
  return major > 2 || (major === 2 && (minor > 1 || (minor === 1 && patch >= 224)));
}

function folderOf({ env, home }: Surroundings): string {
  return env.CLAUDE_CONFIG_DIR || join(home, ".claude");
}

/** Where Claude Code keeps its servers; an older file in its folder goes first as long as it holds something. */
function mainFileOf(at: Surroundings): string {
  const older = join(folderOf(at), ".config.json");
  if ((statSync(older, { throwIfNoEntry: false })?.size ?? 0) > 0) return older;
  return join(at.env.CLAUDE_CONFIG_DIR || at.home, ".claude.json");
}

/** The predecessor's server, and entries of single projects, which go before the one that setup writes. */
function otherServers(json: JsonText): string[] {
  const notes: string[] = [];
  if (valueAt(json, ["mcpServers", "claude-peers"]) !== undefined) {
    notes.push(
      "claude-peers is configured too and talks to its own broker. Without it: claude mcp remove claude-peers",
    );
  }
  // One by one: all together they may be megabytes of prompts.
  const projects = nodeAt(json, ["projects"]);
  for (const { key, value } of projects !== undefined && isContainer(projects) ? childrenOf(json, projects) : []) {
    if (nodeAt({ ...json, root: value }, ["mcpServers", "agentmesh"]) === undefined) continue;
    notes.push(
      `${key} has an agentmesh of its own, which goes first there. Without it, in that folder: claude mcp remove -s local agentmesh`,
    );
  }
  return notes;
}
