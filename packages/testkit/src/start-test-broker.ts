/** A real broker process on a free port with a state folder of its own. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MeshClient } from "@agentmesh/client";
import type { Agent, RegisterRequest } from "@agentmesh/protocol";
import * as z from "zod";
import type { Network } from "./network/network.ts";
import { cleanEnv, type RunningProgram, startProgram } from "./programs.ts";
import { stopwatch } from "./stopwatch.ts";
import { tempDir } from "./temp-dir.ts";
import { until } from "./until.ts";

/** An agent registered for a test. */
export interface TestAgent {
  readonly agent: Agent;
  readonly token: string;
  readonly client: MeshClient;
}

/** A running broker; stopped and its folder removed on dispose. */
export interface TestBroker extends AsyncDisposable {
  readonly home: string;
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** The mesh key. */
  readonly key: string;
  /** A client that holds the mesh key. */
  readonly admin: MeshClient;
  /** Registers an agent and returns a client that acts as it. */
  agent(name: string, more?: Partial<RegisterRequest>): Promise<TestAgent>;
  /** A client with any token. */
  client(token?: string, options?: { readonly retryForMs?: number }): MeshClient;
  /** Ends the process with a signal and waits until it is gone. */
  kill(signal?: NodeJS.Signals): Promise<{ code: number | null; ms: number }>;
  /** Starts it again on the same port and folder. */
  start(): Promise<void>;
  /** Everything it has logged since its last start. */
  log(): string;
}

/** Settings of a test broker. */
export interface TestBrokerOptions {
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
  /** Left out, debug. */
  readonly logLevel?: "debug" | "info";
  /** State folder of another test broker that has stopped; its maker removes it. */
  readonly home?: string;
  /** A network of its own to run in, its port there, and the port of this loopback that leads to it. */
  readonly inside?: { readonly network: Network; readonly port: number; readonly door: number };
}

/** One that has ended is noticed at once; a start beside other work may take long. */
const STARTS_WITHIN_MS = 45_000;

/** Starts a broker and waits until it answers. */
export async function startTestBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const home = options.home === undefined ? tempDir() : { path: options.home, [Symbol.dispose]: () => {} };
  let port = options.inside?.port ?? 0;
  let running: RunningProgram;

  async function start(): Promise<void> {
    const args = ["--port", String(port), "--log-level", options.logLevel ?? "debug", "--log-format", "json"];
    args.push(...(options.args ?? []));
    // Tests send faster than agents may, and need no reserve; those on the limits and on low disk set them.
    const unlimited = {
      AGENTMESH_SENDER_PER_MINUTE: "0",
      AGENTMESH_PAIR_PER_MINUTE: "0",
      AGENTMESH_WRONG_TOKENS_PER_MINUTE: "0",
      AGENTMESH_BALLAST_BYTES: "0",
    };
    const env = cleanEnv({ AGENTMESH_HOME: home.path, ...unlimited, ...options.env });
    running = (options.inside?.network.start ?? startProgram)("broker", args, { env });
    let over: number | null | undefined;
    running.exit.then(({ code }) => {
      over = code;
    });
    await until(
      () => {
        if (over !== undefined) throw new Error(`broker ended with ${over}: ${running.stdout()}${running.stderr()}`);
        return running.stdout().includes('"broker.started"');
      },
      "the broker to start",
      STARTS_WITHIN_MS,
    ).catch(async (error) => {
      running.child.kill("SIGKILL");
      await running.exit;
      throw error;
    });
    port = z.object({ port: z.int() }).parse(JSON.parse(readFileSync(join(home.path, "broker.json"), "utf8"))).port;
  }

  async function kill(signal: NodeJS.Signals = "SIGKILL") {
    const ended = stopwatch();
    running.child.kill(signal);
    const { code } = await running.exit;
    return { code, ms: ended() };
  }

  await start();
  const url = `http://127.0.0.1:${options.inside?.door ?? port}`;
  const key = readFileSync(join(home.path, "key"), "utf8").trim();
  const client = (token?: string, { retryForMs = 30_000 } = {}) =>
    new MeshClient({ url, ...(token !== undefined && { token }), retryForMs });
  const admin = client(key);

  return {
    home: home.path,
    url,
    port,
    key,
    admin,
    client,
    get pid() {
      return running.child.pid ?? 0;
    },
    async agent(name, more = {}) {
      const { agent, token } = await admin.register({ name, ...more });
      if (!token) throw new Error(`${name} was resumed, not made`);
      return { agent, token, client: client(token) };
    },
    kill,
    start,
    log: () => running.stdout() + running.stderr(),
    async [Symbol.asyncDispose]() {
      if (running.child.exitCode === null && running.child.signalCode === null) await kill("SIGTERM");
      home[Symbol.dispose]();
    },
  };
}
