/** Which clients are on this machine: their program on PATH, or what they left in the home directory. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { systemEnvironment } from "@agentmesh/client/node";
import type { Client, Surroundings } from "./clients/client.ts";
import { programOnPath } from "./program-on-path.ts";

/** A client as it was found. */
export interface FoundClient {
  readonly program?: string;
  readonly version?: string;
  /** Its configuration folder, when only that is there. */
  readonly trace?: string;
}

const VERSION_TIMEOUT_MS = 10_000;

/** Looks for a client; undefined when nothing speaks for it. */
export async function findClient(client: Client, at: Surroundings): Promise<FoundClient | undefined> {
  for (const name of client.programs) {
    const program = programOnPath(name, at.env, at.platform);
    if (program === undefined) continue;
    const version = await versionOf(program, at);
    return { program, ...(version !== undefined && { version }) };
  }
  const trace = client.traces(at).find((path) => existsSync(path));
  return trace === undefined ? undefined : { trace };
}

/** What a program answers to `--version`, if it does so in time. */
function versionOf(program: string, { env, platform }: Surroundings): Promise<string | undefined> {
  const shell = platform === "win32";
  return new Promise((resolve) => {
    // Not what a project wants of Node: its inspector would wait for a debugger.
    const options = {
      env: systemEnvironment(env),
      shell,
      timeout: VERSION_TIMEOUT_MS,
      killSignal: "SIGKILL" as const,
      windowsHide: true,
    };
    const child = execFile(shell ? `"${program}"` : program, ["--version"], options, (error, stdout) =>
      resolve(error === null ? /\d+\.\d+[\w.+-]*/.exec(stdout)?.[0] : undefined),
    );
    child.stdin?.end();
  });
}
