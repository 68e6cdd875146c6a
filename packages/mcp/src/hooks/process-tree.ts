/** Processes by more than their ids, and those above one: by them a hook and an adapter find out that they have one client. */
import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** One process. Its id alone means nothing: ids are given out again, and every PID namespace counts its own. */
export interface SeenProcess {
  readonly pid: number;
  /** When it began, in the system's own words; missing where the system does not say. */
  readonly start?: string;
}

/** One process on the way up. */
export interface Ancestor extends SeenProcess {
  /** Its arguments, the program first; empty when the system does not say. */
  readonly args: readonly string[];
}

const LEVELS = 6;
const SHELLS = /^-?(sh|bash|dash|zsh|ash|ksh|fish|cmd(\.exe)?)$/;
const RUNNERS = /^(npm|npx|pnpm|pnpx|yarn|bunx|corepack)(-cli)?(\.c?js|\.exe|\.cmd)?( |$)/;

/** Behind the name in parentheses of `/proc/PID/stat`: its parent, and when it began, in ticks since the system did. */
const PARENT = 1;
const STARTED = 19;
const TICKS_A_SECOND = 100;

/**
 * Where this process' ids mean something: on Linux the PID namespace and the boot it belongs to. Undefined when that
 * cannot be said, and then no process is taken for another.
 */
export function pidSpace(): string | undefined {
  if (process.platform !== "linux") return process.platform;
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return boot === "" ? undefined : `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return undefined;
  }
}

/** Whether both are one process. They must be of one PID namespace. */
export function isSame(one: SeenProcess, other: SeenProcess): boolean {
  // Windows does not say when a process began, nor does it tell parents: an adapter ends with its client's pipes there.
  return one.pid === other.pid && one.start === other.start && (one.start !== undefined || isWindows());
}

/** The process of this id as it is now, if the system shows one. */
export function markOf(pid: number): SeenProcess | undefined {
  const { start } = look(pid);
  return start === undefined ? undefined : { pid, start };
}

/** When the process of this id began, in ticks since the system did; undefined where the system does not count so. */
export function startTicks(pid: number): string | undefined {
  return process.platform === "linux" ? markOf(pid)?.start : undefined;
}

/** The process `pid` and those above it; none where the system's list is that of another PID namespace. */
export function ancestors(pid: number): Ancestor[] {
  const found: Ancestor[] = [];
  if (!listIsOurs()) return found;
  for (let here = pid; here > 0 && found.length < LEVELS; ) {
    const { parent, args, start } = look(here);
    found.push({ pid: here, args, ...(start !== undefined && { start }) });
    if (parent === undefined) break;
    here = parent;
  }
  return found;
}

/** `ancestors` up to the client itself: the first that is neither a shell nor a package runner such as npx. */
export function upToClient<T extends Pick<Ancestor, "args">>(line: readonly T[]): T[] {
  const client = line.findIndex(({ args }) => !isShell(args) && !isRunner(args));
  return client === -1 ? [...line] : line.slice(0, client + 1);
}

/** When the client above this process began, in Unix milliseconds; else when this process did. */
export function clientBeganMs(): number {
  const own = Date.now() - process.uptime() * 1_000;
  const start = upToClient(ancestors(process.ppid)).at(-1)?.start;
  if (start === undefined) return own;
  const began =
    process.platform === "linux" ? bootedMs() + (Number(start) / TICKS_A_SECOND) * 1_000 : Date.parse(start);
  return Number.isFinite(began) ? Math.min(began, own) : own;
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

function isWindows(): boolean {
  return process.platform === "win32";
}

/** A PID namespace may be without a /proc of its own: then `/proc/12` is another process than our 12. */
function listIsOurs(): boolean {
  if (process.platform !== "linux") return true;
  try {
    return readlinkSync("/proc/self") === String(process.pid);
  } catch {
    return false;
  }
}

function bootedMs(): number {
  try {
    return Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]) * 1_000;
  } catch {
    return Number.NaN;
  }
}

interface Looked {
  readonly parent?: number;
  readonly start?: string;
  readonly args: readonly string[];
}

function look(pid: number): Looked {
  try {
    if (process.platform === "linux") {
      if (!listIsOurs()) return { args: [] };
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The name in parentheses may hold anything.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
      return { parent: Number(fields[PARENT]), ...(fields[STARTED] && { start: fields[STARTED] }), args };
    }
    if (isWindows()) return { args: [] };
    const asked = ["-o", "ppid=,lstart=,command=", "-p", String(pid)];
    // Loaded where there is no /proc: a hook on Linux starts no program.
    const { execFileSync } = process.getBuiltinModule("node:child_process");
    const line = execFileSync("/bin/ps", asked, { encoding: "utf8", timeout: 500, env: { LC_ALL: "C" } });
    const [, parent, start, command = ""] = /^\s*(\d+)\s+(\w+ +\w+ +\d+ +[\d:]+ +\d+)\s+(.*)/.exec(line) ?? [];
    if (parent === undefined || start === undefined) return { args: [] };
    return { parent: Number(parent), start, args: command.split(" ") };
  } catch {
    return { args: [] };
  }
}
