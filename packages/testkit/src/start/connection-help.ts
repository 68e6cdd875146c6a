/** How to write the first message to a broker that runs from this clone, and how to connect one's own agents to it. */

import { shellWord } from "@agentmesh/protocol";
import { programArgs } from "../programs.ts";
import { givenSettings, shellCommand } from "./given-settings.ts";
import { heading, line, typed } from "./screen.ts";

/** Prints the lines that lead from a second terminal to the first message and its answer. */
export function firstMessageHelp(echo: string): void {
  const settings = givenSettings();
  const command = shellCommand(settings, [process.execPath, ...programArgs("cli")]);
  heading("Write your first message, in a second terminal");
  // The commands on PATH know nothing of the settings of this terminal.
  line(
    Object.keys(settings).length > 0
      ? "agentmesh as a command there, with the settings of this terminal:"
      : "agentmesh as a command there (npx -y pnpm@12 commands: in every one):",
  );
  typed(`alias agentmesh=${shellWord(command)}`);
  line(`${echo} sends back what you write to it:`);
  typed(`agentmesh send ${echo} hello`);
  typed("agentmesh inbox            # the answer");
  typed("agentmesh log --follow     # all that happens");
}

/** Prints how agents are connected, for the Node this clone brings and the settings in use. */
export function connectionHelp(url: string): void {
  const settings = givenSettings();
  const server = {
    command: process.execPath,
    args: programArgs("mcp"),
    ...(Object.keys(settings).length > 0 && { env: settings }),
  };
  heading("Connect your agents");
  line("Claude Code, Codex, OpenCode, Kilo, Pi, Cline, Gemini, Copilot, Qwen Code, OpenClaw, Cursor (asks first):");
  typed("agentmesh setup");
  line("any program that speaks MCP:");
  typed(`${JSON.stringify({ mcpServers: { agentmesh: server } })}`);
  line("any program that speaks HTTP:");
  typed(`${url}/v1/openapi.json`);
}
