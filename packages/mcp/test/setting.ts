/** What the tests of this package share: a broker per file, working directories, sessions in them. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { MessageRef } from "@agentmesh/protocol";
import { type McpSession, type McpSessionOptions, startMcpSession, type TestBroker, until } from "testkit";
import { z } from "zod";

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
