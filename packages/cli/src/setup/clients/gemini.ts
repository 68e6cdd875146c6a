/** Gemini CLI: MCP server and hooks in one `settings.json`. */
import { join } from "node:path";
import { hookEntry } from "../config/hook-entry.ts";
import { jsonFile } from "../config/json-file.ts";
import { isRecord, type JsonText, valueAt } from "../config/json-text.ts";
import { serverEntry } from "../config/server-entry.ts";
import type { Client, Surroundings } from "./client.ts";

const EVENTS = ["SessionStart", "BeforeAgent", "AfterTool", "AfterAgent"];
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
        notes: shutOut,
      }),
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

/** Settings that keep out what setup writes. */
function shutOut(json: JsonText): string[] {
  const allowed = valueAt(json, ["mcp", "allowed"]);
  const excluded = valueAt(json, ["mcp", "excluded"]);
  return [
    ...(Array.isArray(allowed) && !allowed.includes("agentmesh")
      ? ["mcp.allowed does not name agentmesh: add it"]
      : []),
    ...(Array.isArray(excluded) && excluded.includes("agentmesh") ? ["mcp.excluded names agentmesh: take it out"] : []),
    ...(hooksAreOff(json) ? ["hooksConfig.enabled is false: hooks do not run, and nothing can be pushed"] : []),
  ];
}

function hooksAreOff(json: JsonText): boolean {
  const config = valueAt(json, ["hooksConfig"]);
  return isRecord(config) && config.enabled === false;
}
