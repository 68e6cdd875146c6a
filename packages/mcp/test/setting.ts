/** What the tests of this package share: a broker per file, working directories, sessions in them. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { MessageRef } from "@agentmesh/protocol";
import {
  cleanEnv,
  type McpSession,
  type McpSessionOptions,
  type RunningProgram,
  startMcpSession,
  startProgram,
  type TestBroker,
  until,
} from "testkit";
import * as z from "zod";

/** A working directory of this name under the broker's folder. */
export function directory(broker: TestBroker, name: string): string {
  const path = join(broker.home, "work", name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** An adapter in a directory named like the agent. */
export function session(
  broker: TestBroker,
  name: string,
  more: Partial<Pick<McpSessionOptions, "clientName" | "env">> = {},
): Promise<McpSession> {
  return startMcpSession({ home: broker.home, url: broker.url, cwd: directory(broker, name), ...more });
}

/** Environment of a session that is pushed to by the channel event, which the test's client receives. */
export const byChannel = { AGENTMESH_PUSH: "claude-channel" };

/** The parts of a send's answer that tests look at. */
export const Sent = z.object({
  message_id: z.templateLiteral(["msg_", z.string()]),
  deliveries: z.array(
    z.object({
      to: z.string(),
      seq: z.int(),
      state: z.string(),
      warnings: z.array(z.object({ code: z.string(), detail: z.string() })),
    }),
  ),
});

/** The parts of check_messages' answer that tests look at. */
export const Waiting = z.object({
  messages: z.array(
    z.object({ message_id: z.string(), from: z.string(), text: z.string(), redelivered: z.boolean().optional() }),
  ),
  more_waiting: z.int(),
});

/** What became of a message with one recipient. */
export async function deliveryOf(broker: TestBroker, message: string) {
  const [delivery] = (await broker.admin.getMessage({ message: MessageRef.parse(message) })).deliveries;
  if (!delivery) throw new Error(`${message} has no delivery`);
  return { ...delivery, events: delivery.timeline.map((entry) => entry.event) };
}

/** How many fenced messages a pushed text holds. */
export function fences(text: string): number {
  return text.match(/^<agentmesh from="/gm)?.length ?? 0;
}

/** The end of a file: every adapter has left, none is called online, and none took a lease with it. */
export async function endBroker(broker: TestBroker): Promise<void> {
  await until(async () => {
    const { agents, deliveries, streams } = await broker.admin.status();
    return agents.online === 0 && streams === 0 && (deliveries.leased ?? 0) === 0;
  }, "every session and lease to be over");
  await broker[Symbol.asyncDispose]();
}

/** What a client tells its hook on stdin. */
export interface HookInput {
  readonly hook_event_name: string;
  readonly session_id: string;
  readonly [field: string]: unknown;
}

/** Starts a hook as a client does: the same parent as the adapter's, the input on stdin. */
export function startHook(
  broker: Pick<TestBroker, "home">,
  args: readonly string[],
  input: HookInput,
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): RunningProgram {
  const env = cleanEnv({ AGENTMESH_HOME: broker.home, ...options.env });
  const hook = startProgram("mcp", ["hook", ...args], { env, ...(options.cwd !== undefined && { cwd: options.cwd }) });
  hook.child.stdin?.end(JSON.stringify(input));
  return hook;
}

/** Runs a hook to its end, which is always a good one, and returns what it printed. */
export async function hook(...args: Parameters<typeof startHook>): Promise<string> {
  const running = startHook(...args);
  const { code } = await running.exit;
  if (code !== 0) throw new Error(`the hook ended with ${code}: ${running.stderr()}`);
  return running.stdout();
}
