/** Cursor: MCP server in `mcp.json`. */
import { join } from "node:path";
import { jsonFile } from "../config/json-file.ts";
import { serverEntry } from "../config/server-entry.ts";
import type { Client } from "./client.ts";
import { jsonSettings, someOf } from "./shut-out.ts";

/** Cursor. */
export const cursor: Client = {
  name: "cursor",
  title: "Cursor",
  programs: ["cursor", "cursor-agent"],
  traces: (at) => [join(at.home, ".cursor")],
  check: "in Cursor: Settings, MCP",
  restart: "Cursor",
  files: (at, to) => [
    jsonFile({
      path: join(at.project ?? at.home, ".cursor", "mcp.json"),
      entries: [serverEntry(["mcpServers", "agentmesh"], { command: to.command, args: to.args, env: to.env })],
    }),
  ],
  shutOut(at) {
    const rules = (list: unknown) =>
      someOf(list, (rule) => typeof rule === "string" && /^Mcp\((?:\*|agentmesh):/.test(rule));
    const own = jsonSettings(join(at.project ?? at.home, ".cursor", "mcp.json"));
    const permissions = [
      join(at.home, ".cursor", "cli-config.json"),
      ...(at.project === undefined ? [] : [join(at.project, ".cursor", "cli.json")]),
    ];
    return [
      ...own.when(["mcpServers", "agentmesh", "disabled"], (on) => on === true, "the server agentmesh is off"),
      ...permissions.flatMap((file) =>
        jsonSettings(file).when(["permissions", "deny"], rules, "cursor-agent denies tools of agentmesh"),
      ),
    ];
  },
  afterwards: () => ["Nothing can be pushed into Cursor: messages wait for check_messages"],
};
