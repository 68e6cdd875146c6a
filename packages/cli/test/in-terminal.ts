/** The command line as a person sees it: in a terminal that `script` of util-linux makes. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { programLine, type RunningProgram, watched } from "testkit";

/** By its path: the PATH of a test may have nothing in it. */
const SCRIPT = "/usr/bin/script";

/** Why there is no terminal to be had here; undefined where there is. */
export const whyNoTerminals = existsSync(SCRIPT) ? undefined : "no script of util-linux";

/** Starts `agentmesh …args` in a terminal of so many columns; what it shows is its stdout, what is typed its stdin. */
export function startInTerminal(
  args: readonly string[],
  { columns, ...options }: { readonly env: NodeJS.ProcessEnv; readonly cwd?: string; readonly columns?: number },
): RunningProgram {
  const line = programLine("cli", args);
  const sized = columns === undefined ? line : `stty cols ${columns} rows 40; ${line}`;
  return watched(spawn(SCRIPT, ["-qefc", sized, "/dev/null"], options));
}
