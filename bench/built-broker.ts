/** The built broker with a state folder of its own and no limits on senders, for measurements. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MeshClient } from "@agentmesh/client";
import { cleanEnv, programArgs, tempDir, until } from "testkit";
import * as z from "zod";

/** A broker that runs; ended on dispose. */
export interface BuiltBroker extends AsyncDisposable {
  readonly admin: MeshClient;
  client(token: string): MeshClient;
  /** From the spawn to the address it announced, in milliseconds. */
  readonly startMs: number;
}

/** Starts it with these settings and waits until it says where it is. */
export async function startBuiltBroker(settings: readonly string[] = []): Promise<BuiltBroker> {
  const home = tempDir();
  const began = performance.now();
  const broker = spawn(process.execPath, programArgs("broker", ["--port", "0", "--log-level", "error", ...settings]), {
    env: cleanEnv({ AGENTMESH_HOME: home.path, AGENTMESH_SENDER_PER_MINUTE: "0", AGENTMESH_PAIR_PER_MINUTE: "0" }),
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => broker.once("close", resolve));
  const announced = () => {
    try {
      return z.object({ url: z.string() }).parse(JSON.parse(readFileSync(join(home.path, "broker.json"), "utf8")));
    } catch {
      return undefined;
    }
  };
  const end = async () => {
    broker.kill("SIGTERM");
    await ended;
    home[Symbol.dispose]();
  };
  const { url } = await until(announced, "the broker to start", 10_000).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  const startMs = performance.now() - began;
  const client = (token: string) => new MeshClient({ url, token });
  const admin = client(readFileSync(join(home.path, "key"), "utf8").trim());
  return { admin, client, startMs, [Symbol.asyncDispose]: end };
}
