/** A mesh for one run of the self-test, or for the demonstration: a folder, a port and a broker of its own, of which nothing is left afterwards. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MeshClient } from "@agentmesh/client";
import {
  announced,
  connect,
  findBroker,
  openStateFolder,
  readMeshKey,
  type StateFolder,
  systemEnvironment,
} from "@agentmesh/client/node";
import type { Agent } from "@agentmesh/protocol";
import { Failed, insist, until } from "./steps.ts";

/** The programs that are tried: those that this command line starts at other times. */
export interface Programs {
  readonly broker: string;
  readonly adapter: string;
}

/** An agent of the throw-away mesh. */
export interface ThrowAwayAgent {
  readonly agent: Agent;
  readonly token: string;
  readonly client: MeshClient;
}

/** How many messages an inbox of it holds. */
export const INBOX_HOLDS = 40;

/** Nothing but the inbox is short: how fast one may send is not what is tried, nor how full this disk is. */
const SETTINGS = [
  ...["--host", "127.0.0.1", "--inbox-max-messages", String(INBOX_HOLDS), "--log-format", "json"],
  ...["--sender-per-minute", "0", "--pair-per-minute", "0", "--repeats-per-minute", "0"],
  ...["--ballast-bytes", "0", "--min-free-disk-bytes", "0"],
];

const STARTS_WITHIN_MS = 30_000;
/** A client goes on trying for so long: a broker that was killed is being started again. */
const RETRY_FOR_MS = 20_000;

const PREFIX = "amst-";

/** The adapter's socket is to fit into the state folder, or it is made elsewhere: every system takes paths of 100 bytes. */
function shortFolder(): string {
  const usual = tmpdir();
  return Buffer.byteLength(usual) + MOST_BELOW_IT <= 100 || !existsSync("/tmp") ? usual : "/tmp";
}

const MOST_BELOW_IT = "/amst-XXXXXX/m/hooks/0123456789abcdef.sock".length;

/** The mesh of a run. */
export class ThrowAwayMesh implements AsyncDisposable {
  readonly programs: Programs;
  /** Everything is below it. */
  readonly path: string;
  readonly folder: StateFolder;
  /** A home directory in which no client is configured, and nothing is found. */
  readonly env: NodeJS.ProcessEnv;
  readonly #children = new Set<ChildProcess>();
  readonly #sweep = () => this.#endAll();
  #broker: ChildProcess | undefined;
  #port = 0;
  #agents = 0;
  #isOver = false;

  constructor(programs: Programs, env: NodeJS.ProcessEnv) {
    this.programs = programs;
    this.path = realpathSync(mkdtempSync(join(shortFolder(), PREFIX)));
    this.folder = openStateFolder(join(this.path, "m"));
    const home = join(this.path, "home");
    mkdirSync(home);
    this.env = { ...systemEnvironment(env), HOME: home, USERPROFILE: home, AGENTMESH_HOME: this.folder.path };
    // Also where somebody ends the process without waiting for anything.
    process.once("exit", this.#sweep);
  }

  /** The broker's address. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** A client that acts by a token. */
  client(token: string, retryForMs = RETRY_FOR_MS): MeshClient {
    return connect({ folder: this.folder, token, url: this.url, retryForMs });
  }

  /** The owner of the mesh key. */
  admin(): MeshClient {
    const key = readMeshKey(this.folder);
    insist(key !== undefined, "the broker made no mesh key");
    return this.client(key);
  }

  /** A new agent. */
  async agent(name: string): Promise<ThrowAwayAgent> {
    const { agent, token } = await this.admin().register({ name: `${name}-${++this.#agents}` });
    insist(token !== undefined, "the broker gave a new agent no token");
    return { agent, token, client: this.client(token) };
  }

  /** Starts the broker where none runs, on the port that it had before; resolves when it has proved itself. @throws Failed */
  async start(): Promise<void> {
    if (this.#broker?.exitCode === null && this.#broker.signalCode === null) return;
    mkdirSync(this.folder.path, { recursive: true, mode: 0o700 });
    const log = openSync(this.folder.logFile, "a", 0o600);
    const args = ["--port", String(this.#port), ...SETTINGS];
    const broker = this.spawn(this.programs.broker, args, { stdio: ["ignore", log, log] });
    closeSync(log);
    this.#broker = broker;
    await until(
      "an answer of the broker that was started",
      async () => {
        if (broker.exitCode !== null || broker.signalCode !== null)
          throw new Failed(`the broker ended: ${this.#lastWords()}`);
        const running = announced(this.folder);
        if (running === undefined || running.pid !== broker.pid) return undefined;
        this.#port = Number(new URL(running.url).port);
        return findBroker(this.folder, { url: running.url, local: true, unnamed: true });
      },
      STARTS_WITHIN_MS,
    );
  }

  /** Kills the broker as a power cut would end it. */
  async kill(): Promise<void> {
    await this.end(this.#broker);
  }

  /** Starts one of our programs under this Node. */
  spawn(program: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    insist(!this.#isOver, "it was ended");
    const sources = program.endsWith(".ts") ? ["--conditions=@agentmesh/source"] : [];
    const env = { ...this.env, ...options.env };
    const child = spawn(process.execPath, [...sources, program, ...args], {
      cwd: this.path,
      windowsHide: true,
      ...options,
      env,
    });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    child.on("error", () => this.#children.delete(child));
    return child;
  }

  /** Ends a program of the run and waits until it is gone. */
  async end(child: ChildProcess | undefined): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#children].map((child) => this.end(child)));
    this.#endAll();
    process.off("exit", this.#sweep);
  }

  #endAll(): void {
    this.#isOver = true;
    for (const child of this.#children) child.kill("SIGKILL");
    // A program that was just killed may still be writing.
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  }

  #lastWords(): string {
    return readFileSync(this.folder.logFile, "utf8").trimEnd().split("\n").at(-1)?.slice(0, 400) ?? "";
  }
}
