/** The mesh's tools as OpenCode's: named as OpenCode names the tools of an MCP server called agentmesh. */
import { InsideCalls, type Tool, tools } from "agentmesh-mcp/session";
import * as z from "zod";
import type { OpenCodeCall, OpenCodeTool } from "./opencode.ts";
import type { SessionAgents } from "./session-agents.ts";

/** The tools: each call acts as the agent of the session that makes it. */
export class MeshTools {
  readonly #agents: SessionAgents;
  readonly #calls = new InsideCalls();

  constructor(agents: SessionAgents) {
    this.#agents = agents;
  }

  /** For OpenCode's hook `tool`. */
  all(): Record<string, OpenCodeTool> {
    return Object.fromEntries(
      tools.map((tool) => [
        `agentmesh_${tool.name}`,
        {
          description: tool.description,
          args: shown(tool),
          execute: (args: Record<string, unknown>, { sessionID, callID, abort }: OpenCodeCall) =>
            this.#calls.run(this.#agents.of(sessionID).session, tool, args, { id: callID, signal: abort }),
        },
      ]),
    );
  }

  /** OpenCode has kept what a call was answered, or has ended the call without it. */
  kept(callID: string, kept: boolean): void {
    this.#calls.kept(callID, kept);
  }
}

/**
 * The parameters for OpenCode to show, and to let pass whatever a model wrote: its own refusal names neither parameter nor
 * reason, and the tool takes more than its schema says.
 */
function shown(tool: Tool): z.ZodRawShape {
  const { properties, required = [] } = tool.schema();
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => {
      // Behind a step before it, a value that is missing passes as well, and is shown as required all the same.
      const any = required.includes(name) ? z.preprocess((value) => value, z.any()) : z.any().optional();
      return [name, any.meta(schema)];
    }),
  );
}
