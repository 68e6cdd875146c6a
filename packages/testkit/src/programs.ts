/** Our programs as real child processes: what a build made of their sources (`programs/build.ts`, as `pnpm build` does). */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { shellWord } from "@agentmesh/protocol";

/** One of our programs. */
export type ProgramName = "broker" | "mcp" | "cli";

/** Path of a program's entry file. */
export function programPath(name: ProgramName): string {
  return fileURLToPath(new URL(`../../${name}/dist/main.js`, import.meta.url));
}

/** Command line of a program under this Node. */
export function programArgs(name: ProgramName, args: readonly string[] = []): string[] {
  return [programPath(name), ...args];
}

/** The same as a line for a shell. */
export function programLine(name: ProgramName, args: readonly string[] = []): string {
  return [process.execPath, ...programArgs(name, args)].map(shellWord).join(" ");
}

/** What says where a client has its configuration, or how one is set. */
const OF_CLIENTS =
  /^(XDG_CONFIG_HOME|AI_AGENT$|CLAUDE|CODEX_|COPILOT_|CURSOR_|GEMINI_|OPENCODE|QWEN_|HERMES_|OPENCLAW_|OPENAI_|KILO|PI_|CLINE_)/;

/** Environment without any AGENTMESH_ or client variable of the machine, nor its choice of a shell, plus `extra`. */
export function cleanEnv(extra: Record<string, string | undefined> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(AGENTMESH_|NODE_OPTIONS|NODE_COMPILE_CACHE|VITEST|SHELL$)/.test(name) && !OF_CLIENTS.test(name),
  );
  return { ...Object.fromEntries(kept), ...extra };
}

/** The same for what runs from the sources: what Node makes of hundreds of them is kept, where it is kept of the programs. */
export function sourcesEnv(extra: Record<string, string | undefined> = {}): NodeJS.ProcessEnv {
  return cleanEnv({ NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache"), ...extra });
}

/** A running program and everything it has written. */
export interface RunningProgram {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves when the program is over. */
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts a program. */
export function startProgram(name: ProgramName, args: readonly string[], options: SpawnOptions = {}): RunningProgram {
  return watched(spawn(process.execPath, programArgs(name, args), { stdio: ["pipe", "pipe", "pipe"], ...options }));
}

/** A child process with everything it writes. */
export function watched(child: ChildProcess): RunningProgram {
  const out: string[] = [];
  const err: string[] = [];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => out.push(text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => err.push(text));
  return {
    child,
    stdout: () => out.join(""),
    stderr: () => err.join(""),
    exit: new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal }))),
  };
}

/** What a program wrote to stderr, without what it says only where the start of a broker takes long: on a busy machine. */
export function withoutWaits(stderr: string): string {
  return stderr.replace(/^Waiting for the broker .*\n/gm, "");
}

/** Runs a program to its end; that a start took long is left out of what it said. */
export async function runProgram(
  name: ProgramName,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const running = startProgram(name, args, options);
  running.child.stdin?.end();
  const { code } = await running.exit;
  return { code, stdout: running.stdout(), stderr: withoutWaits(running.stderr()) };
}
