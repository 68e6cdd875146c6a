/** Codex: MCP server in `config.toml`, hooks in `hooks.json`. */
import { join } from "node:path";
import { hookEntry } from "../config/hook-entry.ts";
import { jsonFile } from "../config/json-file.ts";
import { tomlServerFile } from "../config/toml-file.ts";
import type { Client, Surroundings } from "./client.ts";

const EVENTS = ["SessionStart", "UserPromptSubmit", "PostToolUse", "Stop"];

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
        ...(to.allowTools && { default_tools_approval_mode: "approve" }),
      }),
      jsonFile({ path: join(folder, "hooks.json"), entries: EVENTS.map((event) => hookEntry(event, hooks)) }),
    ];
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
