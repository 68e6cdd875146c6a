/** An MCP adapter of a build as a process, spoken to as an agent's program would: one line of JSON each way. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { cleanEnv } from "testkit";
import * as z from "zod";
import { within } from "../bus.ts";
import { endProcess, toEnd } from "../machine/ends.ts";
import type { Build } from "./build.ts";

/** Longer than any single answer takes. */
const ANSWERS_WITHIN_MS = 60_000;

const Line = z.object({
  id: z.number().optional(),
  method: z.string().optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ message: z.string() }).optional(),
});
const ToolResult = z.object({
  isError: z.boolean().default(false),
  content: z.array(z.object({ text: z.string().optional() })),
  structuredContent: z.record(z.string(), z.unknown()).default({}),
});

/** How one is started. */
export interface AdapterOptions {
  readonly home: string;
  readonly cwd: string;
  readonly env?: Record<string, string>;
}

/** An adapter that runs; ended on dispose. */
export interface Adapter extends AsyncDisposable {
  readonly pid: number;
  /** From the spawn to the answer of `initialize`, in milliseconds. */
  readonly initializeMs: number;
  /** Calls a tool. @throws what the tool says is wrong */
  tool(name: string, args?: object): Promise<Record<string, unknown>>;
  /** Told of each push that comes as a channel event. */
  onPush(listener: () => void): void;
}

/** Starts it, and completes the handshake. */
export async function startAdapter(build: Build, { home, cwd, env = {} }: AdapterOptions): Promise<Adapter> {
  const began = performance.now();
  const child = spawn(process.execPath, [build.program("mcp")], {
    cwd,
    env: cleanEnv({ AGENTMESH_HOME: home, AGENTMESH_LOG_LEVEL: "error", AGENTMESH_SUMMARY: "none", ...env }),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  // Its client going away is how an adapter ends; whoever is asked to end by a signal besides does so at once.
  const end = toEnd(async () => {
    child.stdin.end();
    await endProcess(child, ended);
  });
  const waiting = new Map<number, (line: z.infer<typeof Line>) => void>();
  let asked = 0;
  let pushed: () => void = () => undefined;
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = Line.parse(JSON.parse(text));
    if (line.method === "notifications/claude/channel") pushed();
    if (line.id === undefined || line.method !== undefined) return;
    waiting.get(line.id)?.(line);
    waiting.delete(line.id);
  });
  const say = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  child.once("close", (code) => {
    for (const answer of waiting.values()) answer({ error: { message: `the adapter ended with ${code}` } });
  });
  const ask = (method: string, params: object) => {
    const id = ++asked;
    const answer = new Promise<Record<string, unknown>>((resolve, reject) => {
      waiting.set(id, ({ result, error }) => {
        if (result) resolve(result);
        else reject(new Error(`${method}: ${error?.message}`));
      });
    });
    say({ id, method, params });
    return within(ANSWERS_WITHIN_MS, method, answer);
  };
  await ask("initialize", {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "claude-code", version: "0" },
  });
  const initializeMs = performance.now() - began;
  say({ method: "notifications/initialized" });
  return {
    pid: child.pid ?? 0,
    initializeMs,
    async tool(name, args = {}) {
      const { isError, content, structuredContent } = ToolResult.parse(
        await ask("tools/call", { name, arguments: args }),
      );
      if (isError) throw new Error(`${name}: ${content.map(({ text }) => text).join(" ")}`);
      return structuredContent;
    },
    onPush(listener) {
      pushed = listener;
    },
    [Symbol.asyncDispose]: end,
  };
}

/** Waits until it has joined the mesh, and returns its agent's name. */
export async function joined(adapter: Adapter): Promise<string> {
  const until = performance.now() + ANSWERS_WITHIN_MS;
  for (;;) {
    const answer = await adapter.tool("whoami").catch((error: unknown) => {
      if (performance.now() > until) throw error;
    });
    if (answer) return z.object({ name: z.string() }).parse(answer).name;
  }
}
