/** Cursor: MCP server in `mcp.json`. */
import { join } from "node:path";
import { jsonFile } from "../config/json-file.ts";
import { serverEntry } from "../config/server-entry.ts";
import type { Client } from "./client.ts";

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
  afterwards: () => ["Nothing can be pushed into Cursor: messages wait for check_messages"],
};
