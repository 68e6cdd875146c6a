/** Starts a receiver as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { sourcesEnv } from "../programs.ts";
import type { TestAgent, TestBroker } from "../start-test-broker.ts";

/** Times of a receiver, in milliseconds. */
export interface ReceiverTimes {
  readonly leaseMs: number;
  /** How long it works on each delivery before the ack. */
  readonly workMs: number;
}

/** Resolves when it has joined as the agent; killed on dispose. */
export async function startReceiver(
  broker: TestBroker,
  { token }: TestAgent,
  { leaseMs, workMs }: ReceiverTimes,
): Promise<{ readonly child: ChildProcess } & AsyncDisposable> {
  const program = fileURLToPath(new URL("receiver.ts", import.meta.url));
  const args = ["--conditions=@agentmesh/source", program, String(leaseMs), String(workMs)];
  const env = sourcesEnv({ RECEIVER_URL: broker.url, RECEIVER_TOKEN: token });
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const over = new Promise((resolve) => child.once("close", resolve));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return {
    child,
    async [Symbol.asyncDispose]() {
      child.kill("SIGCONT");
      child.kill("SIGKILL");
      await over;
    },
  };
}
