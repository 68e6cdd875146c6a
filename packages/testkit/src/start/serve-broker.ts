/** Runs the built broker as a child for as long as `pnpm start` runs. */

import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { findBroker, type StateFolder } from "@agentmesh/client/node";
import { programArgs } from "../programs.ts";

/** The broker ended before it served; the message is its own. */
export class BrokerFailedError extends Error {
  override readonly name = "BrokerFailedError";
}

/** A broker that serves. */
export interface ServedBroker {
  readonly url: string;
  /** Its exit code, when it has ended. */
  readonly ended: Promise<number>;
  stop(): Promise<void>;
}

const START_WITHIN_MS = 20_000;

/** Starts the broker and waits until it answers with its proof. @throws BrokerFailedError */
export async function serveBroker(folder: StateFolder, port: number): Promise<ServedBroker> {
  const log = openSync(folder.logFile, "a", 0o600);
  const child = spawn(process.execPath, programArgs("broker", ["--port", String(port), "--log-format", "json"], true), {
    stdio: ["ignore", log, "pipe"],
    env: { ...process.env, AGENTMESH_HOME: folder.path },
  });
  closeSync(log);
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  let code: number | undefined;
  const ended = new Promise<number>((resolve) => {
    child.once("close", (exit) => {
      code = exit ?? 0;
      resolve(code);
    });
  });
  // Ctrl-C reaches the broker too: it says goodbye by itself, we wait for it.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));

  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_WITHIN_MS;
  for (;;) {
    const found = code === undefined ? await findBroker(folder, { url, local: true }) : undefined;
    if (found) break;
    if (code !== undefined || Date.now() > deadline) {
      child.kill();
      throw new BrokerFailedError(complaint.replace(/^agentmesh-broker: /, "").trim() || lastLine(folder.logFile));
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return {
    url,
    ended,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function lastLine(path: string): string {
  return `The broker did not start. ${path} ends with: ${readFileSync(path, "utf8").trimEnd().split("\n").at(-1) ?? ""}`;
}
