/** Parents of a process: by them a hook and an adapter find out that they belong to the same client. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";

/** One process on the way up. */
export interface Ancestor {
  readonly pid: number;
  /** Its arguments, the program first; empty when the system does not say. */
  readonly args: readonly string[];
}

const LEVELS = 6;
const SHELLS = /^-?(sh|bash|dash|zsh|ash|ksh|fish|cmd(\.exe)?)$/;
const RUNNERS = /^(npm|npx|pnpm|pnpx|yarn|bunx|corepack)(-cli)?(\.c?js|\.exe|\.cmd)?( |$)/;

/** The process `pid` and those above it. */
export function ancestors(pid: number): Ancestor[] {
  const found: Ancestor[] = [];
  for (let here = pid; here > 1 && found.length < LEVELS; ) {
    const { parent, args } = look(here);
    found.push({ pid: here, args });
    if (parent === undefined) break;
    here = parent;
  }
  return found;
}

/** `ancestors` up to the client itself: the first that is neither a shell nor a package runner such as npx. */
export function upToClient(line: readonly Ancestor[]): Ancestor[] {
  const client = line.findIndex(({ args }) => !isShell(args) && !isRunner(args));
  return client === -1 ? [...line] : line.slice(0, client + 1);
}

/** A variable of a running process, where the system shows it. */
export function variableOf(pid: number, name: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const found = readFileSync(`/proc/${pid}/environ`, "utf8")
      .split("\0")
      .find((entry) => entry.startsWith(`${name}=`));
    return found?.slice(name.length + 1) || undefined;
  } catch {
    return undefined;
  }
}

/** Whether these are the arguments of a shell. */
export function isShell([program = ""]: readonly string[]): boolean {
  return SHELLS.test(basename(program));
}

function isRunner([program = "", script = ""]: readonly string[]): boolean {
  // npm renames its process to "npm exec agentmesh-mcp", without further arguments.
  if (RUNNERS.test(basename(program.split(" ", 1)[0] ?? ""))) return true;
  return /^node(\.exe)?$/.test(basename(program)) && RUNNERS.test(basename(script));
}

function look(pid: number): { parent: number | undefined; args: string[] } {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The name in parentheses may hold anything; behind it come state and parent.
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      return { parent, args: readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1) };
    }
    if (process.platform === "win32") return { parent: undefined, args: [] };
    const line = execFileSync("ps", ["-o", "ppid=,command=", "-p", String(pid)], { encoding: "utf8", timeout: 500 });
    const [, parent, command = ""] = /^\s*(\d+)\s+(.*)/.exec(line) ?? [];
    return { parent: parent === undefined ? undefined : Number(parent), args: command.split(" ") };
  } catch {
    return { parent: undefined, args: [] };
  }
}
