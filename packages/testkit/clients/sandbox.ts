/** Where one client runs: a home, a project and a mesh of its own, and nothing but loopback to reach. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestBroker } from "testkit";
import { until } from "testkit";
import type { DenyProxy } from "./stubs/deny-proxy.ts";

/** Stands in the environment of everything that is started here, so that nothing is left unseen. */
const MARK = "AGENTMESH_CLIENT_TEST";

/** A program that was started. */
export interface Running {
  readonly child: ChildProcess;
  output(): string;
  /** Resolves with its exit code. */
  readonly over: Promise<number | null>;
  write(text: string): void;
}

/** What a sandbox is made of. */
export interface SandboxParts {
  readonly path: string;
  readonly broker: TestBroker;
  readonly proxy: DenyProxy;
  /** Folders of programs, first searched first. */
  readonly bins: readonly string[];
}

/** Starts programs, and ends every one of them. */
export class Sandbox implements AsyncDisposable {
  readonly home: string;
  /** The directory the client works in; its agent is named after it. */
  readonly project: string;
  readonly logs: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #mark = randomUUID();
  readonly #started: Running[] = [];

  constructor({ path, broker, proxy, bins }: SandboxParts, project: string) {
    this.home = join(path, "home");
    this.project = join(path, "work", project);
    this.logs = join(path, "logs");
    for (const folder of [this.home, this.project, this.logs]) mkdirSync(folder, { recursive: true });
    const inHome = (name: string) => join(this.home, name);
    this.env = {
      PATH: [...bins, join(process.execPath, ".."), "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter),
      LANG: "C.UTF-8",
      TERM: "xterm-256color",
      HOME: this.home,
      XDG_CONFIG_HOME: inHome(".config"),
      XDG_DATA_HOME: inHome(".local/share"),
      XDG_STATE_HOME: inHome(".local/state"),
      XDG_CACHE_HOME: inHome(".cache"),
      HTTPS_PROXY: proxy.url,
      HTTP_PROXY: proxy.url,
      https_proxy: proxy.url,
      http_proxy: proxy.url,
      NO_PROXY: "127.0.0.1,localhost",
      no_proxy: "127.0.0.1,localhost",
      AGENTMESH_HOME: broker.home,
      [MARK]: this.#mark,
    };
  }

  /** Starts a program; all it writes goes to a log, too. */
  start(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    const child = spawn(program, args, {
      cwd: this.project,
      env: { ...this.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const log = join(this.logs, `${program.replaceAll("/", "_")}-${child.pid ?? "none"}.log`);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        appendFileSync(log, text);
      });
    }
    child.stdin?.on("error", () => undefined);
    const running: Running = {
      child,
      output: () => output,
      over: new Promise((resolve) => {
        child.once("error", (error) => {
          output += String(error);
          resolve(null);
        });
        child.once("close", resolve);
      }),
      write: (text) => child.stdin?.write(text),
    };
    this.#started.push(running);
    return running;
  }

  /** Runs a program to its end. @throws when it fails, or takes longer */
  async run(program: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; withinMs?: number } = {}) {
    const { env = {}, withinMs = 60_000 } = options;
    const running = this.start(program, args, env);
    running.child.stdin?.end();
    const timer = setTimeout(() => running.child.kill("SIGKILL"), withinMs);
    const code = await running.over;
    clearTimeout(timer);
    if (code === 0) return running.output();
    throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${running.output().slice(-600)}`);
  }

  /** Command lines of what was started here and still runs, and of what that has started. */
  running(): string[] {
    return this.#left().map(({ command }) => command);
  }

  /** Ends what was started here, and what that has started. Returns the command lines of what had to be killed. */
  async end(): Promise<string[]> {
    for (const { pid } of this.#left()) signal(pid, "SIGTERM");
    const gone = () => this.#left().length === 0;
    await until(gone, "the client's processes to end", 5_000).catch(() => undefined);
    const killed = this.#left();
    for (const { pid } of killed) signal(pid, "SIGKILL");
    await until(gone, "the client's processes to be gone", 5_000);
    return killed.map(({ command }) => command);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  /** Every process that carries our mark, which its own children inherit; without /proc those we started. */
  #left(): { pid: number; command: string }[] {
    if (!existsSync("/proc/self/environ")) {
      return this.#started.flatMap(({ child: { pid, exitCode, signalCode, spawnfile } }) =>
        pid === undefined || exitCode !== null || signalCode !== null ? [] : [{ pid, command: spawnfile }],
      );
    }
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .flatMap((name) => {
        try {
          if (!readFileSync(`/proc/${name}/environ`, "utf8").includes(`${MARK}=${this.#mark}`)) return [];
          const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
          return [{ pid: Number(name), command }];
        } catch {
          return [];
        }
      });
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it ended by itself
  }
}
