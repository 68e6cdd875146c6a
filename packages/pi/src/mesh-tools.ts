/** The mesh's tools as Pi's, named as in OpenCode. */
import { type AgentSession, type InsideCalls, tools } from "agentmesh-mcp/session";
import type { PiTool } from "./pi.ts";

/** The tools; each call acts as the agent of the session that is open. */
export function meshTools(session: () => AgentSession, calls: InsideCalls): PiTool[] {
  return tools.map((tool) => ({
    name: `agentmesh_${tool.name}`,
    label: `agentmesh ${tool.annotations.title}`,
    description: tool.description,
    exposure: "direct",
    parameters: { type: "object", ...tool.schema() },
    annotations: tool.annotations,
    // Pi's own check would refuse more than the tool does, and say less.
    prepareArguments: (args) => tool.prepare(args).input,
    async execute(id, args, signal) {
      const call = { id, signal: signal ?? new AbortController().signal };
      const text = await calls.run(session(), tool, args, call);
      return { content: [{ type: "text", text }], details: {} };
    },
  }));
}
