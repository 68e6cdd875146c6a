/** A program in a terminal, as its user has it: started, typed into and read through tmux. */
import { execFile, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { shellWord } from "@agentmesh/protocol";
import { until } from "testkit";
import type { Sandbox } from "./sandbox.ts";

const run = promisify(execFile);

/** So much of a typed line stands on one row of the screen. */
const SEEN_CHARS = 16;

/** Why no terminal can be had here; undefined when one can. */
export function terminalMissing(): string | undefined {
  return spawnSync("tmux", ["-V"]).status === 0 ? undefined : "tmux is not installed";
}

/** An open terminal. */
export class Terminal {
  readonly #socket: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(socket: string, env: NodeJS.ProcessEnv) {
    this.#socket = socket;
    this.#env = env;
  }

  /** Starts a program in a terminal of its own. */
  static async open(sandbox: Sandbox, command: readonly string[]): Promise<Terminal> {
    const terminal = new Terminal(`agentmesh-${randomUUID().slice(0, 8)}`, {
      ...sandbox.env,
      TMUX_TMPDIR: sandbox.home,
    });
    const words = command.map(shellWord).join(" ");
    await terminal.#tmux("new-session", "-d", "-x", "150", "-y", "50", "-c", sandbox.project, `exec ${words}`);
    return terminal;
  }

  /** What is on the screen. */
  screen(): Promise<string> {
    return this.#tmux("capture-pane", "-p").catch(() => "");
  }

  /** Waits until the screen shows this. */
  async shows(what: RegExp | string, withinMs = 30_000): Promise<void> {
    let last = "";
    await until(
      async () => {
        last = await this.screen();
        return typeof what === "string" ? last.includes(what) : what.test(last);
      },
      `the terminal to show ${what}`,
      withinMs,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it shows:\n${last.replace(/\n{2,}/g, "\n")}`);
    });
  }

  /** Types a line. Programs take a line that comes at once with its end for a paste, so the end comes a little later. */
  async line(text: string): Promise<void> {
    await this.#tmux("send-keys", "-l", "--", text);
    await this.shows(text.slice(0, SEEN_CHARS));
    await new Promise((resolve) => setTimeout(resolve, 500));
    await this.key("Enter");
  }

  /** Presses a key by its tmux name. */
  async key(name: string): Promise<void> {
    await this.#tmux("send-keys", name);
  }

  /** Presses a key until the screen shows this: what is pressed while a program draws may be lost. */
  async pressUntil(name: string, what: RegExp): Promise<void> {
    for (let tries = 0; tries < 10; tries++) {
      await this.key(name);
      const shown = await this.shows(what, 2_000).then(
        () => true,
        () => false,
      );
      if (shown) return;
    }
    await this.shows(what, 0);
  }

  /** Whether its program still runs. */
  async isOpen(): Promise<boolean> {
    return this.#tmux("list-sessions").then(
      () => true,
      () => false,
    );
  }

  /** Closes the terminal, whose program is told by a hang-up. */
  async close(): Promise<void> {
    await this.#tmux("kill-server").catch(() => undefined);
    await until(async () => !(await this.isOpen()), "the terminal to close");
  }

  async #tmux(...args: string[]): Promise<string> {
    const { stdout } = await run("tmux", ["-L", this.#socket, "-f", "/dev/null", ...args], { env: this.#env });
    return stdout;
  }
}
