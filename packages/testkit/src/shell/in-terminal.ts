/** The command line as a person sees it: in a terminal that `script` of util-linux makes. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { programLine, type RunningProgram, watched } from "../programs.ts";

/** By its path: the PATH of a test may have nothing in it. */
const SCRIPT = "/usr/bin/script";

/** Why there is no terminal to be had here; undefined where there is. For the names of tests that are skipped. */
export const whyNoTerminals = existsSync(SCRIPT) ? undefined : "no script of util-linux";

/** The command that runs a shell's line in a terminal of so many columns and rows. */
export function terminalCommand(line: string, columns?: number, rows = 40): [program: string, ...args: string[]] {
  const size = columns === undefined ? "" : `stty cols ${columns} rows ${rows}; `;
  // Ctrl-C is for the program: dash would end with 130 by it, whatever the program makes of it.
  const sized = `${size}trap : INT; ${line}`;
  return [SCRIPT, "-qefc", sized, "/dev/null"];
}

/** What a command is started with in a terminal. */
interface InTerminal {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly columns?: number;
  readonly rows?: number;
  /** The terminal's file is told before the command begins, so that its size can be changed. */
  readonly isTold?: boolean;
}

/** Starts `agentmesh …args` in a terminal of so many columns; what it shows is its stdout, what is typed its stdin. */
export function startInTerminal(
  args: readonly string[],
  { columns, rows, isTold, ...options }: InTerminal,
): RunningProgram {
  const line = `${isTold ? "tty; " : ""}${programLine("cli", args)}`;
  const [program, ...words] = terminalCommand(line, columns, rows);
  return watched(spawn(program, words, options));
}
