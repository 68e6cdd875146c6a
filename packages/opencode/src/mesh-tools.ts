/** The mesh's tools as OpenCode's: named as OpenCode names the tools of an MCP server called agentmesh. */
import { callTool, type Tool, tools } from "agentmesh-mcp/session";
import * as z from "zod";
import type { OpenCodeCall, OpenCodeTool } from "./opencode.ts";
import type { SessionAgents } from "./session-agents.ts";

/** OpenCode keeps a tool's answer within this time, in milliseconds. */
const KEPT_WITHIN_MS = 30_000;

type Settle = (kept: boolean) => void;

/** The tools: each call acts as the agent of the session that makes it. */
export class MeshTools {
  readonly #agents: SessionAgents;
  /** Answers that OpenCode has not yet been seen to keep, by call. */
  readonly #unkept = new Map<string, Settle>();

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
          execute: (args: Record<string, unknown>, call: OpenCodeCall) => this.#execute(tool, args, call),
        },
      ]),
    );
  }

  /** OpenCode has kept what a call was answered, or has ended the call without it. */
  kept(callID: string, kept: boolean): void {
    this.#unkept.get(callID)?.(kept);
  }

  /** @throws what a model is told when the tool fails */
  async #execute(tool: Tool, args: Record<string, unknown>, call: OpenCodeCall): Promise<string> {
    const { session } = this.#agents.of(call.sessionID);
    const work = callTool(session, tool, args, call.abort);
    const { text, isError, settle } = await session.clientSession.during(work);
    if (isError) throw new Error(text);
    if (settle) this.#awaitKept(call, (kept) => void settle(kept).catch(() => undefined));
    return [...session.takeNotices(), text].join("\n\n");
  }

  #awaitKept({ callID, abort }: OpenCodeCall, settle: Settle): void {
    // Without the id of the call nothing would tell of it.
    if (callID === undefined) {
      settle(!abort.aborted);
      return;
    }
    const once: Settle = (kept) => {
      if (!this.#unkept.delete(callID)) return;
      clearTimeout(timer);
      settle(kept);
    };
    const timer = setTimeout(() => once(false), KEPT_WITHIN_MS).unref();
    this.#unkept.set(callID, once);
    abort.addEventListener("abort", () => once(false), { once: true });
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
