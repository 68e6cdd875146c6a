/** A terminal that one program has to itself: the other screen, keys as they are typed, lines drawn where they changed. */
import { emitKeypressEvents, type Key } from "node:readline";
import { isDumb } from "../terminal/output.ts";
import type { Size } from "./frame.ts";

const ESC = "\u001b[";
const ENTER = `${ESC}?1049h${ESC}?25l`;
const LEAVE = `${ESC}?25h${ESC}?1049l`;
const CLEAR = `${ESC}2J`;
/** A terminal that does not know its size. */
const USUAL: Size = { rows: 24, columns: 80 };

/** Whether there is a terminal to draw on and to type at. */
export function canDraw(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true && !isDumb();
}

/** The screen while it is had; it is given back whatever happens. */
export class Screen implements Disposable {
  readonly #onKey: (text: string, key: Key) => void;
  readonly #redraw: () => void;
  #drawn: readonly string[] = [];

  /** `redraw` is called when the size is another, or the screen was somebody else's meanwhile. */
  constructor(onKey: (text: string, key: Key) => void, redraw: () => void) {
    this.#onKey = (text, key) => {
      if (key.ctrl && key.name === "z") this.#suspend();
      else onKey(text, key);
    };
    this.#redraw = () => {
      this.#drawn = [];
      process.stdout.write(CLEAR);
      redraw();
    };
    emitKeypressEvents(process.stdin);
    process.stdin.on("keypress", this.#onKey);
    process.stdout.on("resize", this.#redraw);
    process.on("SIGCONT", this.#resume);
    this.#take();
  }

  get size(): Size {
    const { rows, columns } = process.stdout;
    return rows > 0 && columns > 0 ? { rows, columns } : USUAL;
  }

  /** Shows lines, of which it writes those that are not there already. */
  draw(lines: readonly string[]): void {
    const changes = lines.flatMap((line, n) => (line === this.#drawn[n] ? [] : [`${ESC}${n + 1};1H${line}${ESC}K`]));
    this.#drawn = lines;
    if (changes.length > 0) process.stdout.write(changes.join(""));
  }

  [Symbol.dispose](): void {
    process.stdin.off("keypress", this.#onKey);
    process.stdout.off("resize", this.#redraw);
    process.off("SIGCONT", this.#resume);
    this.#give();
    process.stdin.pause();
  }

  #take(): void {
    process.stdin.setRawMode(true);
    process.stdin.resume();
    process.stdout.write(ENTER + CLEAR);
  }

  #give(): void {
    process.stdin.setRawMode(false);
    process.stdout.write(LEAVE);
  }

  /** Ctrl-Z: in raw mode it is a key like others. */
  #suspend(): void {
    this.#give();
    process.kill(process.pid, "SIGSTOP");
  }

  #resume = () => {
    this.#take();
    this.#redraw();
  };
}
