/** A broker of a build as a process, with a folder of its own and no limits on who sends. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, tempDir, until } from "testkit";
import * as z from "zod";
import { endProcess, toEnd } from "../machine/ends.ts";
import { HttpConnection } from "../wire/http-connection.ts";
import type { Build } from "./build.ts";

/** Settings without which the limits on senders, not the broker, would be measured. A build that lacks one goes by without it. */
export const UNLIMITED = {
  AGENTMESH_SENDER_PER_MINUTE: "0",
  AGENTMESH_PAIR_PER_MINUTE: "0",
  AGENTMESH_REPEATS_PER_MINUTE: "0",
  AGENTMESH_INBOX_MAX_MESSAGES: "1000000",
  AGENTMESH_INBOX_MAX_BYTES: String(2 ** 40),
  AGENTMESH_AGENT_KEPT_MESSAGES: "0",
  AGENTMESH_AGENT_KEPT_BYTES: "0",
  AGENTMESH_MESH_KEPT_MESSAGES: "0",
  AGENTMESH_MESH_KEPT_BYTES: "0",
} as const;

/** Sessions that are never renewed last as long as the run: what a heartbeat costs is a load of its own. */
export const LASTING_SESSIONS = {
  AGENTMESH_STALE_AFTER_MS: "3600000",
  AGENTMESH_OFFLINE_AFTER_MS: "86400000",
} as const;

/** How a broker is started. */
export interface BrokerOptions {
  /** A state folder that somebody else removes. */
  readonly home?: string;
  /** The mesh key, where it is another broker's, too. */
  readonly key?: string;
  /** Arguments of Node in front of the program. */
  readonly nodeArgs?: readonly string[];
  readonly env?: Record<string, string>;
}

/** A broker that runs; ended on dispose, its folder removed unless it was given. */
export interface Broker extends AsyncDisposable {
  readonly home: string;
  readonly port: number;
  readonly pid: number;
  readonly url: string;
  readonly key: string;
  /** From the spawn until it said that it has started, in milliseconds. */
  readonly startMs: number;
  /** A connection; closed with the broker. */
  connect(): Promise<HttpConnection>;
  signal(name: NodeJS.Signals): void;
}

const STARTS_WITHIN_MS = 60_000;

/** Starts it, and waits until it says that it has. */
export async function startBroker(build: Build, options: BrokerOptions = {}): Promise<Broker> {
  const made = options.home === undefined ? tempDir() : undefined;
  const home = options.home ?? made?.path ?? "";
  if (options.key !== undefined) writeFileSync(join(home, "key"), `${options.key}\n`, { mode: 0o600 });
  const args = ["--port", "0", "--log-level", "info", "--log-format", "json"];
  const began = performance.now();
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), build.program("broker"), ...args], {
    env: cleanEnv({ ...UNLIMITED, ...options.env, AGENTMESH_HOME: home }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const connections = new Set<HttpConnection>();
  const end = toEnd(async () => {
    for (const connection of connections) connection[Symbol.dispose]();
    await endProcess(child, ended);
    made?.[Symbol.dispose]();
  });
  const startMs = await started(child, began).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  const { port } = z.object({ port: z.int() }).parse(JSON.parse(readFileSync(join(home, "broker.json"), "utf8")));
  return {
    home,
    port,
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}`,
    key: readFileSync(join(home, "key"), "utf8").trim(),
    startMs,
    async connect() {
      const connection = await HttpConnection.open(port);
      connections.add(connection);
      return connection;
    },
    signal: (name) => child.kill(name),
    [Symbol.asyncDispose]: end,
  };
}

/** What it logs is read to the end, so that it never waits for its reader, and forgotten. */
async function started(child: ChildProcess, began: number): Promise<number> {
  let said = "";
  let at: number | undefined;
  const listen = (text: string) => {
    if (at !== undefined) return;
    said += text;
    if (said.includes('"broker.started"')) at = performance.now();
  };
  child.stdout?.setEncoding("utf8").on("data", listen);
  child.stderr?.setEncoding("utf8").on("data", listen);
  return await until(
    () => {
      if (child.exitCode !== null) throw new Error(`the broker ended with ${child.exitCode}: ${said}`);
      return at === undefined ? undefined : at - began;
    },
    "the broker to start",
    STARTS_WITHIN_MS,
  );
}
