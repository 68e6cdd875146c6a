/** An adapter process driven by a real MCP client, as an agent's program would. */
import { pathToFileURL } from "node:url";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import * as z from "zod";
import { cleanEnv, programArgs } from "./programs.ts";
import { until } from "./until.ts";

/** A `notifications/claude/channel` event as it came over stdio. */
export const ChannelEvent = z.object({
  method: z.literal("notifications/claude/channel"),
  params: z.object({ content: z.string(), meta: z.record(z.string(), z.string()).optional() }),
});

/** What a tool answered. */
export interface ToolAnswer {
  readonly text: string;
  readonly isError: boolean;
  readonly data: Record<string, unknown>;
}

type CallTool = (name: string, args?: Record<string, unknown>, meta?: Record<string, unknown>) => Promise<ToolAnswer>;

/** What an adapter says that did not reach the broker in a tool's time, and for how long it is asked again. */
const NO_TIME = "within 1800 ms";
const ASKED_FOR_MS = 15_000;

/** An MCP session with our adapter. */
export interface McpSession extends AsyncDisposable {
  readonly client: Client;
  readonly pid: number;
  /** Channel events received so far. */
  readonly channel: z.infer<typeof ChannelEvent>["params"][];
  /** Calls a tool; again where the adapter says that it had no time to reach the broker, as it may on a busy machine. */
  tool: CallTool;
  /** Calls a tool once, whatever it says. */
  toolOnce: CallTool;
  stderr(): string;
  /** Waits until the adapter has joined the mesh and returns its agent's name. */
  joined(): Promise<string>;
  close(): Promise<void>;
}

/** Settings of an MCP session. */
export interface McpSessionOptions {
  readonly home: string;
  readonly cwd: string;
  readonly url?: string;
  readonly clientName?: string;
  readonly env?: Record<string, string>;
  /** A command that runs the adapter, such as `unshare` with its arguments. */
  readonly under?: readonly string[];
  /** Folders that the client offers as MCP roots, as they are when it is asked; without it, it offers none. */
  readonly roots?: () => readonly string[];
}

/** The SDK's client; most test files have no adapter and do not load it. */
async function sdk() {
  const [client, stdio, types] = await Promise.all([
    import("@modelcontextprotocol/sdk/client/index.js"),
    import("@modelcontextprotocol/sdk/client/stdio.js"),
    import("@modelcontextprotocol/sdk/types.js"),
  ]);
  return { ...client, ...stdio, ListRootsRequestSchema: types.ListRootsRequestSchema };
}

/** Starts `agentmesh-mcp` and completes the MCP handshake. */
export async function startMcpSession(options: McpSessionOptions): Promise<McpSession> {
  const [command = process.execPath, ...args] = [...(options.under ?? []), process.execPath, ...programArgs("mcp")];
  const { Client, StdioClientTransport, ListRootsRequestSchema } = await sdk();
  const transport = new StdioClientTransport({
    command,
    args,
    cwd: options.cwd,
    stderr: "pipe",
    env: definedOnly(
      cleanEnv({
        AGENTMESH_HOME: options.home,
        ...(options.url !== undefined && { AGENTMESH_URL: options.url }),
        ...options.env,
      }),
    ),
  });
  const stderr: string[] = [];
  transport.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk.toString()));
  const { roots } = options;
  const client = new Client(
    { name: options.clientName ?? "claude-code", version: "0" },
    { capabilities: roots ? { roots: { listChanged: true } } : {} },
  );
  if (roots) {
    client.setRequestHandler(ListRootsRequestSchema, () => ({
      roots: roots().map((folder) => ({ uri: pathToFileURL(folder).href })),
    }));
  }
  const channel: McpSession["channel"] = [];
  client.setNotificationHandler(ChannelEvent, (event) => {
    channel.push(event.params);
  });
  await client.connect(transport);

  const toolOnce: CallTool = async (name, args = {}, meta) => {
    const result = await client.callTool({ name, arguments: args, ...(meta && { _meta: meta }) });
    const content = z.array(z.object({ type: z.string(), text: z.string().optional() })).parse(result.content);
    return {
      text: content.map((part) => part.text ?? "").join("\n"),
      isError: result.isError === true,
      data: z.record(z.string(), z.unknown()).optional().parse(result.structuredContent) ?? {},
    };
  };

  const tool: CallTool = async (...call) => {
    const until = performance.now() + ASKED_FOR_MS;
    for (;;) {
      const answer = await toolOnce(...call);
      if (!answer.isError || !answer.text.includes(NO_TIME) || performance.now() > until) return answer;
    }
  };

  return {
    client,
    channel,
    tool,
    toolOnce,
    get pid() {
      return transport.pid ?? 0;
    },
    stderr: () => stderr.join(""),
    joined: () =>
      until(async () => {
        const answer = await tool("whoami");
        // As text: not every client is given data.
        return answer.isError ? undefined : /You are ([a-z0-9._-]+)/.exec(answer.text)?.[1];
      }, "the adapter to join"),
    close: () => client.close(),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
