/** Somebody at a shell: commands as they are typed, what they print in its order, and Ctrl-C. */
import { type SpawnOptions, spawn } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { cleanEnv, watched } from "../programs.ts";
import { tempDir } from "../temp-dir.ts";
import { commandScreen, type Screen } from "../troubleshooting/screen.ts";
import { until } from "../until.ts";
import { commandsOnPath } from "./commands-on-path.ts";
import { terminalCommand } from "./in-terminal.ts";

/** What happens to a command that waits: at a text that it prints, something is done. */
export interface Meanwhile {
  readonly on: string;
  readonly do: (keys: Keys) => unknown;
}

/** The keyboard of whoever typed the command. */
export interface Keys {
  ctrlC(): void;
  /** In a terminal alone. */
  type(text: string): void;
}

/** A shell of its own, whose home is a temporary folder. */
export interface Desk extends Disposable {
  readonly home: string;
  /** Types a line and waits for its end. */
  sees(typed: string): Promise<Screen>;
  /** Types a line, does what is said at what it prints, each after the one before, and waits for its end. */
  waits(typed: string, ...meanwhile: readonly Meanwhile[]): Promise<Screen>;
  /** The same in a terminal of so many columns; what is drawn over is not seen. */
  seesIn(columns: number, typed: string, ...meanwhile: readonly Meanwhile[]): Promise<Screen>;
}

const CTRL_C = "\u0003";

/** Ctrl-C, at what the command prints. */
export const ctrlC = (on: string): Meanwhile => ({ on, do: (keys) => keys.ctrlC() });

/** Opens one; `env` is what its person has set. */
export function openDesk(env: Readonly<Record<string, string>>): Desk {
  const folder = tempDir();
  const shell = cleanEnv({
    HOME: folder.path,
    PATH: commandsOnPath(join(folder.path, ".local/bin")),
    NO_COLOR: "1",
    FORCE_COLOR: undefined,
    TERM: "xterm",
    ...env,
  });

  async function run(
    typed: string,
    [program = "", ...args]: readonly string[],
    isTerminal: boolean,
    meanwhile: readonly Meanwhile[],
  ): Promise<Screen> {
    const stdin = isTerminal ? "pipe" : "ignore";
    // A group of its own, as of a job: Ctrl-C comes to all of it.
    const options: SpawnOptions = { cwd: folder.path, env: shell, stdio: [stdin, "pipe", "pipe"], detached: true };
    const child = spawn(program, args, options);
    const running = watched(child);
    let over = false;
    const ended = running.exit.finally(() => {
      over = true;
    });
    const type = (text: string) => void child.stdin?.write(text);
    const ctrlC = () => (isTerminal ? type(CTRL_C) : void process.kill(-(child.pid ?? 0), "SIGINT"));
    try {
      let from = 0;
      for (const step of meanwhile) {
        await until(
          () => {
            if (over) throw new Error(`${typed} ended before it said "${step.on}": ${running.stdout()}`);
            return running.stdout().includes(step.on, from);
          },
          `"${step.on}" of ${typed}`,
          45_000,
        );
        from = running.stdout().indexOf(step.on, from) + step.on.length;
        await step.do({ ctrlC, type });
      }
      const { code } = await ended;
      return commandScreen(typed, { code, stdout: shownOf(running.stdout()), stderr: running.stderr() });
    } finally {
      if (!over && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }
  }

  const waits: Desk["waits"] = (typed, ...meanwhile) =>
    run(typed, ["bash", "-c", `exec 2>&1; ${typed}`], false, meanwhile);
  return {
    home: folder.path,
    waits,
    sees: (typed) => waits(typed),
    seesIn: (columns, typed, ...meanwhile) => run(typed, terminalCommand(typed, columns), true, meanwhile),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** What is left on a terminal of what was written to it: a line that was drawn over and over is its last state. */
function shownOf(written: string): string {
  return stripVTControlCharacters(written)
    .split("\n")
    .map((line) => line.replace(/\r+$/, "").split("\r").at(-1) ?? "")
    .join("\n");
}
