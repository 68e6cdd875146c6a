/** Any program as a child process, run to its end. */
import { spawn } from "node:child_process";

/** How a program ended and what it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `command` with `input` as JSON on its stdin. */
export function ended(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input?: object,
): Promise<Ended> {
  const child = spawn(command, args, { env, stdio: "pipe" });
  const out: string[] = [];
  const err: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => out.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => err.push(text));
  child.stdin.end(input === undefined ? "" : JSON.stringify(input));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout: out.join(""), stderr: err.join("") }));
  });
}
