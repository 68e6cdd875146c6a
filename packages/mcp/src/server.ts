/** The MCP server: capabilities, instructions, and tool calls with a limit on their time. */
import { VERSION } from "@agentmesh/protocol";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  CallToolRequestSchema,
  type CallToolResult,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
} from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { AgentSession } from "./agent-session.ts";
import { instructions } from "./instructions.ts";
import type { JoinedSession } from "./join.ts";
import type { Log } from "./log.ts";
import { NoAnswerError, needsSession, sentencesFor } from "./remedy.ts";
import { tools } from "./tools/index.ts";
import type { ToolResult } from "./tools/tool.ts";
import type { AnsweringTransport } from "./transport.ts";

/** A tool answers within this time, if only with what to do, in milliseconds. */
const ANSWER_WITHIN_MS = 1_800;

/** A client that is gone this soon after the handshake only looked, and joins nothing; in milliseconds. */
const STAYS_AFTER_MS = 2_000;

/** What the server works with. */
export interface ServerParts {
  readonly session: AgentSession;
  readonly transport: AnsweringTransport;
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

  server.oninitialized = () => {
    setTimeout(() => session.start(), STAYS_AFTER_MS).unref();
  };
  server.onerror = (error) => log.warn("protocol.failed", { error });

  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map(({ name, description, annotations, schema }) => ({
      name,
      description,
      annotations: { ...annotations },
      inputSchema: { type: "object" as const, ...schema() },
    })),
  }));

  server.setRequestHandler(CallToolRequestSchema, ({ params }, { requestId, signal }) =>
    track(
      (async (): Promise<CallToolResult> => {
        const { clientSession } = session;
        if (clientSession.kind === "codex") clientSession.learn({ id: threadIn(params._meta) });
        const call = answer(session, params, signal);
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
    ),
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

/** The result of one tool call, whatever happens. @throws McpError for an unknown tool */
async function answer(
  session: AgentSession,
  params: { readonly name: string; readonly arguments?: Record<string, unknown> | undefined },
  cancelled: AbortSignal,
): Promise<ToolResult & { isError?: true }> {
  const tool = tools.find(({ name }) => name === params.name);
  if (!tool) {
    const known = tools.map(({ name }) => name).join(", ");
    throw new McpError(ErrorCode.InvalidParams, `agentmesh has no tool "${params.name}". It has ${known}.`);
  }
  const soon = AbortSignal.timeout(ANSWER_WITHIN_MS);
  let deadline = soon;
  try {
    const { run, waitMs } = tool.prepare(params.arguments);
    const joined = await inTime(session.joined(), AbortSignal.any([cancelled, soon]));
    joined.evidence.wrote(JSON.stringify(params.arguments ?? {}));
    if (waitMs > 0) deadline = AbortSignal.timeout(ANSWER_WITHIN_MS + waitMs);
    const signal = AbortSignal.any([cancelled, deadline]);
    return await inTime(
      withSession(joined, () => run(joined, signal)),
      signal,
      (late) => late.settle?.(false),
    );
  } catch (error) {
    const text = sentencesFor(deadline.aborted ? new NoAnswerError(lateSentence(params.name, session.address)) : error);
    return { text, data: { error: text }, isError: true };
  }
}

/** Runs once more when the broker had forgotten the session, as after a restart. */
async function withSession(joined: JoinedSession, run: () => Promise<ToolResult>): Promise<ToolResult> {
  try {
    return await run();
  } catch (error) {
    if (!needsSession(error)) throw error;
    await joined.mesh.heartbeat();
    return run();
  }
}

/** The outcome of `work`, unless the call ends first; what comes too late goes to `onLate`. */
async function inTime<T extends object>(
  work: Promise<T>,
  signal: AbortSignal,
  onLate: (late: T) => unknown = () => undefined,
): Promise<T> {
  const over = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const result = await Promise.race([work, over]);
  if (result) return result;
  work.then(onLate).catch(() => undefined);
  throw new NoAnswerError("The call was ended before the broker had answered.");
}

function lateSentence(tool: string, address: string | undefined): string {
  const again = ["send_message", "reply", "ask_peer", "publish"].includes(tool)
    ? " Repeating the same call stores the message only once."
    : "";
  const remedy = address === undefined ? "it can be started with: npx agentmesh up" : "check AGENTMESH_URL";
  return `No broker has answered${address === undefined ? "" : ` at ${address}`} within ${ANSWER_WITHIN_MS} ms. It may still be starting; if not, ${remedy}.${again}`;
}
