/** The MCP server: capabilities, instructions, and tool calls. */
import { plainLine, VERSION } from "@agentmesh/protocol";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  type CallToolResult,
  ErrorCode,
  ListToolsRequestSchema,
  RootsListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";
import type { AgentSession } from "./agent-session.ts";
import type { Log } from "./log.ts";
import { instructions } from "./shown/instructions.ts";
import { callTool } from "./tools/call.ts";
import { tools } from "./tools/index.ts";
import type { Tool } from "./tools/tool.ts";
import { RequestError } from "./wire/request-error.ts";
import type { StdioTransport } from "./wire/transport.ts";

/** A client that is gone this soon after the handshake only looked, and joins nothing; in milliseconds. */
const STAYS_AFTER_MS = 2_000;

/** A client that offers roots says them within this time, in milliseconds. */
const ROOTS_WITHIN_MS = 1_000;

/** What the server works with. */
export interface ServerParts {
  readonly session: AgentSession;
  readonly transport: StdioTransport;
  readonly log: Log;
}

/** Makes the server; `idle` resolves when no tool call is under way. */
export function createServer({ session, transport, log }: ServerParts): { server: Server; idle(): Promise<void> } {
  const server = new Server(
    { name: "agentmesh", version: VERSION },
    { capabilities: { tools: {}, experimental: { "claude/channel": {} } }, instructions },
  );
  const underWay = new Set<Promise<unknown>>();
  const track = <T>(work: Promise<T>): Promise<T> => {
    const tracked = work.finally(() => underWay.delete(tracked)).catch(() => undefined);
    underWay.add(tracked);
    return work;
  };

  const askRoots = async (): Promise<void> => {
    if (!server.getClientCapabilities()?.roots) return;
    try {
      const { roots } = await server.listRoots(undefined, { timeout: ROOTS_WITHIN_MS });
      session.rootsAre(roots.map(({ uri }) => uri));
    } catch (error) {
      log.debug("roots.failed", { error });
    }
  };
  server.oninitialized = () => {
    session.awaitRoots(askRoots());
    setTimeout(() => session.start(), STAYS_AFTER_MS).unref();
  };
  server.setNotificationHandler(RootsListChangedNotificationSchema, () => askRoots());
  server.onerror = (error) => log.warn("protocol.failed", { error });

  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map(({ name, description, annotations, schema }) => ({
      name,
      description,
      annotations: { ...annotations },
      inputSchema: { type: "object" as const, ...schema() },
    })),
  }));

  // Not by setRequestHandler: there the SDK refuses `"arguments": null` in its library's words before a tool is asked.
  server.fallbackRequestHandler = ({ method, params }, { requestId, signal }) =>
    track(
      (async (): Promise<CallToolResult> => {
        if (method !== "tools/call")
          throw new RequestError(ErrorCode.MethodNotFound, `agentmesh does not know ${method}`);
        const { clientSession } = session;
        if (clientSession.kind === "codex") clientSession.learn({ id: threadIn(params?._meta) });
        session.called();
        const call = callTool(session, toolNamed(params?.name), params?.arguments, signal);
        const { settle, isError, ...result } = await clientSession.during(call);
        if (settle) {
          transport.afterAnswer(requestId, signal, (written) => track(settle(written)));
        }
        const notices = isError ? [] : session.takeNotices();
        return {
          content: [{ type: "text", text: [...notices, result.text].join("\n\n") }],
          structuredContent: { ...(notices.length > 0 && { notices }), ...result.data },
          ...(isError && { isError }),
        };
      })(),
    );

  return {
    server,
    async idle() {
      while (underWay.size > 0) {
        await Promise.all(underWay);
        // The answers of these calls are written before this turn is over.
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

const CodexMeta = z.object({ threadId: z.string().min(1).max(200) });

/** The Codex thread that a call comes from. */
function threadIn(meta: unknown): string | undefined {
  return CodexMeta.safeParse(meta).data?.threadId;
}

/** @throws RequestError */
function toolNamed(wanted: unknown): Tool {
  const tool = tools.find(({ name }) => name === wanted);
  if (tool) return tool;
  const known = tools.map(({ name }) => name).join(", ");
  const what = typeof wanted === "string" ? `agentmesh has no tool "${plainLine(wanted, 60)}"` : "No tool was named";
  throw new RequestError(ErrorCode.InvalidParams, `${what}. It has ${known}.`);
}
