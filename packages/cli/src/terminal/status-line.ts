/** What a waiting command says on stderr: on a terminal one line that is kept up to date, elsewhere one line a change. */
import { plainLine } from "@agentmesh/protocol";
import { columnsOf, isDumb, sentence, style, whileShown } from "./output.ts";
import { cut, textWidth } from "./text-width.ts";

const FIRST_MS = 5_000;
const EACH_MS = 1_000;
/** Columns that what is waited for has at least. */
const LEAST = 32;
/** Columns that a terminal puts behind it when somebody types Ctrl-C: in a line of its own they would stay. */
const CTRL_C = "^C".length;

/** A line that is drawn again would stand in the middle of what another program makes of our output. */
function isTerminal(): boolean {
  return process.stderr.isTTY === true && process.stdout.isTTY === true && !isDumb();
}

/** The parts of the line. */
export interface StatusText {
  /** What is waited for; a change is worth a new line. */
  what(): string;
  /** How long it has been so, and what is left. */
  time(): string;
  /** What is known of how it goes on, such as how to end it; said once. */
  readonly hint: string;
}

/** The line of one wait; with `quiet` it says not what is waited for, with `mute` nothing else either. */
export class StatusLine implements Disposable {
  readonly #text: StatusText;
  readonly #quiet: boolean;
  readonly #mute: boolean;
  readonly #onTerminal = isTerminal();
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #giveBack: () => void;
  #progress = "";
  #said = "";
  #drawn = false;

  constructor(text: StatusText, { quiet, mute }: { readonly quiet: boolean; readonly mute: boolean }) {
    this.#text = text;
    this.#quiet = quiet;
    this.#mute = mute;
    this.#giveBack = whileShown(() => this.#clear());
    if (quiet) return;
    const each = this.#onTerminal ? EACH_MS : FIRST_MS;
    this.#timer = setInterval(() => this.show(), each);
    this.#timer.unref();
  }

  /** Says in a few words how far it has come. */
  progress(text: string): void {
    this.#progress = text;
  }

  /** Says what is waited for, unless that was said. */
  show(): void {
    if (this.#quiet) return;
    const what = plainLine(this.#text.what(), 400);
    if (this.#onTerminal) {
      const room = columnsOf(process.stderr) - 1 - CTRL_C;
      const progress = this.#progress === "" ? "" : `: ${plainLine(this.#progress, 200)}`;
      const time = `, ${this.#text.time()}${progress}`;
      // Where not all of it has room, what changes stays: an id is in the sentence at the end too.
      const shown = cut(`Waiting for ${what}`, Math.max(LEAST, room - textWidth(time)));
      const line = cut(shown + time, room);
      this.#write(`\r${style("dim", line, process.stderr)}\u001b[K`);
      this.#drawn = true;
    } else if (what !== this.#said) {
      this.#write(`Waiting for ${what}${this.#text.hint}\n`);
    }
    this.#said = what;
  }

  /** A line of its own beside it. */
  say(text: string): void {
    if (this.#mute) return;
    this.#clear();
    this.#write(`${style("dim", sentence(plainLine(text, 2_000), "  ", process.stderr), process.stderr)}\n`);
  }

  /** Takes it away. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#clear();
    this.#giveBack();
  }

  #clear(): void {
    if (!this.#drawn) return;
    this.#drawn = false;
    this.#write("\r\u001b[K");
  }

  #write(text: string): void {
    process.stderr.write(text);
  }
}
