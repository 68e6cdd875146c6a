/** A loopback of its own: a real network namespace, in which programs run as whichever user. */
import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { type ProgramName, programArgs, type RunningProgram, watched, withoutWaits } from "../programs.ts";
import { until } from "../until.ts";

/** Why this machine gives a test no network namespace; undefined when it does. For the names of tests that are skipped. */
export function whyNoNetworks(): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root";
  const made = spawnSync("unshare", ["--net", "ip", "link", "set", "lo", "up"], { stdio: "ignore" });
  return made.status === 0 ? undefined : "needs unshare and ip";
}

/** A network namespace; what ran in it is ended on dispose. */
export interface Network extends AsyncDisposable {
  /** Starts one of our programs in it, as a user of this number. */
  start(
    name: ProgramName,
    args: readonly string[],
    options?: SpawnOptions & { readonly user?: number },
  ): RunningProgram;
  /** The same, to its end. */
  run(
    name: ProgramName,
    args: readonly string[],
    options?: SpawnOptions & { readonly user?: number },
  ): Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Command line before a program's own, for those that start it themselves. */
  readonly inside: readonly string[];
  /** A process of it, by which other programs name it. */
  readonly pid: number;
}

/** Makes a network namespace whose only address is the loopback. */
export async function openNetwork(): Promise<Network> {
  const keeper = spawn("unshare", ["--net", "sh", "-c", "ip link set lo up && echo up && exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let up = false;
  keeper.stdout.once("data", () => {
    up = true;
  });
  await until(() => up, "the network namespace");
  const inside = ["nsenter", `--net=/proc/${keeper.pid}/ns/net`, "--"];
  const running: RunningProgram[] = [];

  const start: Network["start"] = (name, args, { user, ...options } = {}) => {
    const asUser = user === undefined ? [] : ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
    const [command = "", ...rest] = [...inside, ...asUser, process.execPath, ...programArgs(name, args)];
    const child = spawn(command, rest, { stdio: ["pipe", "pipe", "pipe"], ...options });
    const program = watched(child);
    running.push(program);
    return program;
  };
  return {
    inside,
    pid: keeper.pid ?? 0,
    start,
    async run(name, args, options) {
      const program = start(name, args, options);
      program.child.stdin?.end();
      const { code } = await program.exit;
      return { code, stdout: program.stdout(), stderr: withoutWaits(program.stderr()) };
    },
    async [Symbol.asyncDispose]() {
      const own = networkOf(keeper.pid);
      for (const pid of pids().filter((each) => each !== keeper.pid && networkOf(each) === own)) killOne(pid);
      keeper.stdin.end();
      await Promise.all(running.map(({ exit }) => exit));
      await until(() => keeper.exitCode !== null || keeper.signalCode !== null, "the network namespace to end");
    },
  };
}

function pids(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid));
}

function networkOf(pid: number | undefined): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it ended by itself
  }
}
