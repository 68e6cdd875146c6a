/** Partners (`partner.ts`) on machines of a network: started, told to end, and everything they tell written down. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Finding } from "../history/records.ts";
import type { History } from "../history.ts";
import { sourcesEnv, watched } from "../programs.ts";
import { until } from "../until.ts";
import type { Network } from "./network.ts";
import { PartnerLine } from "./partner-line.ts";

/** Who a partner is, and to whom it sends. */
export interface PartnerOptions {
  readonly name: string;
  readonly token: string;
  readonly url: string;
  /** The certificate that is trusted there. */
  readonly ca?: string;
  readonly to: readonly string[];
  readonly pauseMs?: number;
  /** How long its calls wait for an answer; ten seconds. */
  readonly timeoutMs?: number;
}

/** How long a partner whose network is broken may take to end by itself. */
const ENDS_WITHIN_MS = 20_000;

/** One agent on a machine, with whichever process it has. */
export class Partner {
  readonly name: string;
  readonly #network: Network;
  readonly #options: PartnerOptions;
  readonly #history: History;
  /** What it told that no network explains. */
  readonly surprises: Finding[] = [];
  /** Notices of its client, as they came. */
  readonly notices: string[] = [];
  readonly #received: number[] = [];
  readonly #answered: { readonly begun: number; readonly at: number }[] = [];
  #next = 0;
  #session = "";
  #isJoined = false;
  #isQuiet = false;
  #child: ChildProcess | undefined;
  #over: Promise<unknown> = Promise.resolve();

  constructor(network: Network, options: PartnerOptions, history: History) {
    this.name = options.name;
    this.#network = network;
    this.#options = options;
    this.#history = history;
  }

  /** Starts its process and waits until it has joined. */
  async start(): Promise<void> {
    const { name, token, url, ca = "", to, pauseMs = 100, timeoutMs = 10_000 } = this.#options;
    const program = fileURLToPath(new URL("partner.ts", import.meta.url));
    const args = ["--url", url, "--name", name, "--to", to.join(","), "--pause-ms", String(pauseMs)];
    args.push("--timeout-ms", String(timeoutMs));
    const line = [process.execPath, "--conditions=@agentmesh/source", program, ...args, "--from-n", String(this.#next)];
    const [command = "", ...rest] = [...this.#network.inside, ...line];
    const child = spawn(command, rest, {
      env: sourcesEnv({ PARTNER_TOKEN: token, PARTNER_CA: ca }),
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#isJoined = false;
    this.#isQuiet = false;
    this.#child = child;
    const program_ = watched(child);
    this.#over = program_.exit;
    createInterface({ input: child.stdout }).on("line", (text) => this.#note(PartnerLine.parse(JSON.parse(text))));
    await until(() => {
      if (child.exitCode !== null) throw new Error(`${name} ended: ${program_.stderr()}`);
      return this.#isJoined;
    }, `${name} to join`);
  }

  /** Kills its process: its session is gone without a word. */
  async kill(): Promise<void> {
    this.#history.gone(this.#session);
    this.#child?.kill("SIGKILL");
    await this.#over;
  }

  /** Ends its sending; resolves when the last send is answered. */
  async quiet(): Promise<void> {
    this.#child?.stdin?.write("quiet\n");
    await until(() => this.#isQuiet, `${this.name} to be answered its last send`, 120_000);
  }

  /** Ends it. */
  async end(): Promise<void> {
    const child = this.#child;
    child?.stdin?.end();
    const hurry = setTimeout(() => child?.kill("SIGKILL"), ENDS_WITHIN_MS);
    await this.#over;
    clearTimeout(hurry);
  }

  /** When the first delivery came after a moment (Date.now()); undefined when none has. */
  receivedAfter(moment: number): number | undefined {
    return this.#received.find((at) => at > moment);
  }

  /** When the first send was answered after a moment. */
  answeredAfter(moment: number): number | undefined {
    return this.#answered.find(({ at }) => at > moment)?.at;
  }

  #note(line: PartnerLine): void {
    switch (line.what) {
      case "joined":
        this.#session = line.session;
        this.#isJoined = true;
        break;
      case "quiet":
        this.#isQuiet = true;
        break;
      case "trying":
        this.#next = line.n + 1;
        this.#history.trying(line.from, line.to, line.n);
        break;
      case "sent":
        this.#answered.push(line);
        this.#history.sent(line, performance.now() - (Date.now() - line.begun));
        break;
      case "received":
        this.#received.push(line.at);
        this.#history.received(line);
        break;
      case "acked":
        this.#history.acked(line);
        break;
      case "notice":
        this.notices.push(line.detail);
        break;
      case "surprise":
        this.surprises.push({ kind: "unexpected", detail: line.detail });
    }
  }
}
