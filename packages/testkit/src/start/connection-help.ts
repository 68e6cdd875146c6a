/** How to connect one's own agents to a broker that runs from this clone. */
import { programPath } from "../programs.ts";
import { heading, line } from "./screen.ts";

/** Prints it. */
export function connectionHelp(url: string): void {
  const adapter = programPath("mcp", true);
  const cli = programPath("cli", true);
  heading("Connect your agents");
  line(`Claude Code   claude mcp add --scope user agentmesh -- node ${adapter}`);
  line(`Codex         codex mcp add agentmesh -- node ${adapter}`);
  line(`any MCP       {"mcpServers": {"agentmesh": {"command": "node", "args": ["${adapter}"]}}}`);
  line(`any HTTP      ${url}/v1/openapi.json`);
  heading("Watch and talk from a terminal");
  line(`node ${cli} agents`);
  line(`node ${cli} send NAME "hello"`);
  line(`node ${cli} log --follow`);
  line("Node 22.18 or newer is needed for these.");
}
