/** Keeps one kind of line from filling the log: the first of a minute are written, the others counted in one more line. */
import { type LoggerOptions, levels } from "pino";

/** How many lines of one kind are written within a window. */
const WRITTEN = 10;

/** Length of a window, in milliseconds: it begins with the first line of its kind. */
const WINDOW_MS = 60_000;

/** Below this level somebody asked for every line: debug and trace. */
const INFO = levels.values.info ?? 30;

type Write = (fields: object, msg: string) => void;

interface Window {
  written: number;
  /** Lines that were left out. */
  more: number;
  /** Writes how many they were, in the words of the last one. */
  tell: () => void;
}

/** Lines of one log, by kind: their event and, of a refusal, its code. There are only so many kinds. */
export class RepeatedLines {
  readonly #windows = new Map<string, Window>();

  /** For pino: decides on each line before it is written. */
  readonly hooks: NonNullable<LoggerOptions["hooks"]>;

  constructor() {
    const line = this.#line.bind(this);
    this.hooks = {
      logMethod(args, method, level) {
        const [fields, msg]: readonly unknown[] = args;
        if (level < INFO || !isFields(fields) || typeof msg !== "string") method.apply(this, args);
        else line(fields, msg, (...given) => method.apply(this, given));
      },
    };
  }

  /** Writes the counts that there are, before the log ends. */
  tell(): void {
    for (const window of this.#windows.values()) window.tell();
    this.#windows.clear();
  }

  #line(fields: object, msg: string, put: Write): void {
    const kind = `${msg} ${"code" in fields ? fields.code : ""}`;
    const window = this.#windows.get(kind) ?? this.#opened(kind);
    if (window.written < WRITTEN) {
      window.written++;
      put(fields, msg);
      return;
    }
    window.more++;
    window.tell = () => put({ ...fields, more: window.more, withinMs: WINDOW_MS }, msg);
  }

  #opened(kind: string): Window {
    const window: Window = { written: 0, more: 0, tell: () => {} };
    this.#windows.set(kind, window);
    const over = () => {
      if (this.#windows.get(kind) === window) this.#windows.delete(kind);
      window.tell();
    };
    setTimeout(over, WINDOW_MS).unref();
    return window;
  }
}

function isFields(value: unknown): value is object {
  return typeof value === "object" && value !== null && !(value instanceof Error);
}
