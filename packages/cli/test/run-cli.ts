/** The real command line as a child process, against a state folder. */
import { cleanEnv, type RunningProgram, runProgram, startProgram } from "testkit";
import { onTestFinished } from "vitest";

/** How a command ended and what it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function envOf(home: string, more: Record<string, string>): NodeJS.ProcessEnv {
  return cleanEnv({ AGENTMESH_HOME: home, NO_COLOR: undefined, FORCE_COLOR: undefined, ...more });
}

/** Runs `agentmesh …args` to its end, with an empty stdin. */
export function cli(home: string, args: readonly string[], more: Record<string, string> = {}): Promise<Ended> {
  return runProgram("cli", args, { env: envOf(home, more) });
}

/** Runs commands four at a time: a dozen processes at once would starve each other of their broker's answer. */
export async function cliEach(
  home: string,
  commands: readonly (readonly string[])[],
  more: Record<string, string> = {},
): Promise<Ended[]> {
  const ended: Ended[] = [];
  for (let i = 0; i < commands.length; i += 4) {
    ended.push(...(await Promise.all(commands.slice(i, i + 4).map((args) => cli(home, args, more)))));
  }
  return ended;
}

/** Starts `agentmesh …args` and leaves it running; a test that fails takes it along. */
export function startCli(home: string, args: readonly string[], more: Record<string, string> = {}): RunningProgram {
  const running = startProgram("cli", args, { env: envOf(home, more) });
  onTestFinished(() => void running.child.kill("SIGKILL"));
  return running;
}

/** The same with an empty stdin. */
export function startWait(home: string, args: readonly string[]): RunningProgram {
  const running = startCli(home, args);
  running.child.stdin?.end();
  return running;
}

/** Runs `agentmesh …args` with `input` on stdin. */
export async function cliWithStdin(home: string, args: readonly string[], input: string | Buffer): Promise<Ended> {
  const running = startCli(home, args);
  // A command that refuses its input does not read the rest.
  running.child.stdin?.on("error", () => {}).end(input);
  const { code } = await running.exit;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}
