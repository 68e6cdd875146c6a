/** How to connect one's own agents to a broker that runs from this clone. */
import { programPath } from "../programs.ts";
import { heading, line } from "./screen.ts";

/** Prints it, for the Node this clone brings and the state folder in use. */
export function connectionHelp(url: string, env: NodeJS.ProcessEnv = process.env): void {
  const node = process.execPath;
  const adapter = programPath("mcp", true);
  const cli = `${env.AGENTMESH_HOME ? `AGENTMESH_HOME=${env.AGENTMESH_HOME} ` : ""}${node} ${programPath("cli", true)}`;
  const server = {
    command: node,
    args: [adapter],
    ...(env.AGENTMESH_HOME && { env: { AGENTMESH_HOME: env.AGENTMESH_HOME } }),
  };
  heading("Connect your agents");
  line("Claude Code, Codex, OpenCode, Gemini CLI, OpenClaw, Cursor; asks before it writes");
  line(`  ${cli} setup`);
  line("any program that speaks MCP");
  line(`  ${JSON.stringify({ mcpServers: { agentmesh: server } })}`);
  line("any program that speaks HTTP");
  line(`  ${url}/v1/openapi.json`);
  heading("Watch and talk from a terminal");
  line(`alias agentmesh="${cli}"`);
  line("agentmesh agents");
  line('agentmesh send NAME "hello"');
  line("agentmesh log --follow");
}
