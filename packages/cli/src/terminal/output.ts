/** What the terminal gets: plain text for people, one JSON document for programs, colours only where they belong. */
import { stripVTControlCharacters, styleText } from "node:util";
import { plainLine, plainText } from "@agentmesh/protocol";
import { inLocalTime } from "./clock.ts";
import { pad, textWidth, wrapped } from "./text-width.ts";

/** Colours and weights in use. */
export type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan";

// JSON.stringify leaves these as they are, and some of them are commands to a terminal (U+009B is CSI).
const RAW_IN_JSON = /[\u007f-\u009f\u2028\u2029\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Whether the terminal takes no commands, such as to clear a line. */
export function isDumb(): boolean {
  return process.env.TERM === "dumb";
}

/** `text` in a style, on a terminal that shows colours. */
export function style(name: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  const coloured = stream.isTTY && !process.env.NO_COLOR && !isDumb();
  return coloured && text !== "" ? styleText(name, text, { validateStream: false }) : text;
}

/** Narrower than this nothing can be laid out; a terminal that does not know its size says 0. */
const NARROWEST = 40;
const USUAL = 80;

/** Columns of the terminal on stdout; without one, lines are not cut. */
export function terminalWidth(): number {
  return process.stdout.isTTY ? columnsOf(process.stdout) : Number.POSITIVE_INFINITY;
}

/** Help is laid out for a person, whatever it is written to. */
export function helpWidth(): number {
  return Math.min(120, columnsOf(process.stdout));
}

/** Columns of a terminal that may not know them. */
export function columnsOf({ columns }: NodeJS.WriteStream): number {
  return columns > 0 ? Math.max(NARROWEST, columns) : USUAL;
}

let clearStatus: (() => void) | undefined;

/** Registers what takes a status line off the terminal before anything else is written; returns what ends that. */
export function whileShown(clear: () => void): () => void {
  clearStatus = clear;
  return () => {
    clearStatus = undefined;
  };
}

/** Writes lines to stdout; resolves when they are written. */
export function print(text: string): Promise<void> {
  clearStatus?.();
  return new Promise((resolve) => {
    process.stdout.write(`${text}\n`, () => resolve());
  });
}

/** Writes a sentence of ours to stdout, in lines that fit the terminal. */
export function tell(text: string): Promise<void> {
  return print(sentence(text, "  "));
}

/** A command that a sentence names as the next step: `: agentmesh trace msg_…`. */
const NEXT_STEP = /(?<=: )agentmesh (?:[^.:;,]|[.:,](?=\S))+?(?=[.:;,](?=\s|$)|$)/g;
/** Stands for a blank of it, at which no line is broken. */
const HELD = "\u{f0000}";

/** A sentence of ours in lines that fit the terminal, the further ones behind `by`; as it is where there is none. A next step stays in one line where that has room for it. */
export function sentence(text: string, by = "", stream: NodeJS.WriteStream = process.stdout): string {
  const room = stream.isTTY ? columnsOf(stream) : Number.POSITIVE_INFINITY;
  if (textWidth(stripVTControlCharacters(text)) <= room) return text;
  const whole = text.replace(NEXT_STEP, (step) =>
    step.length + by.length <= room ? step.replaceAll(" ", HELD) : step,
  );
  const [first = "", ...rest] = wrapped(whole, room);
  const more = rest.length === 0 ? [] : wrapped(whole.slice(first.length).trimStart(), room - by.length);
  return [first, ...more.map((line) => by + line)].join("\n").replaceAll(HELD, " ");
}

/** A line and the id behind it; below it where the terminal is too narrow. */
export function withId(line: string, id: string, gap = " · "): string {
  const beside = textWidth(stripVTControlCharacters(line)) + gap.length + id.length <= terminalWidth();
  return `${line}${beside ? gap : "\n    "}${style("dim", id)}`;
}

/** What is said of something beside it, aligned; below it where the terminal is too narrow for that. */
export function explained(pairs: readonly (readonly [what: string, said: string])[]): string {
  const width = Math.max(...pairs.map(([what]) => textWidth(what)));
  const room = terminalWidth();
  const isNarrow = pairs.some(([, said]) => 2 + width + 2 + textWidth(said) > room);
  return pairs
    .map(([what, said]) => (isNarrow ? `  ${what}\n      ${said}` : `  ${pad(what, width)}  ${said}`))
    .join("\n");
}

/** Writes a remark to stderr, so that stdout stays what was asked for. */
export function remark(text: string): void {
  clearStatus?.();
  const lines = plainText(inLocalTime(text)).split("\n");
  const shown = lines.map((line) => sentence(line, "", process.stderr)).join("\n");
  process.stderr.write(`${style("dim", shown, process.stderr)}\n`);
}

/** Writes a warning to stderr. */
export function warn(text: string): void {
  clearStatus?.();
  process.stderr.write(`${labelled("yellow", "warning:", text)}\n`);
}

/** One JSON document, or one line of NDJSON, whose raw text is harmless in a terminal too. */
export function jsonText(value: unknown, indent: 0 | 2 = 2): string {
  return JSON.stringify(value, undefined, indent).replace(RAW_IN_JSON, (char) =>
    Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, "0")}`).join(""),
  );
}

/** Another agent's text, whole and indented; wrapped here, so that no line of it can pose as one of ours. */
export function indented(body: string, by = "    "): string {
  const width = terminalWidth() - by.length;
  return plainText(body)
    .split("\n")
    .flatMap((line) => wrapped(line, width))
    .map((line) => (line === "" ? "" : by + line))
    .join("\n");
}

/** Name and value in two columns, one pair a line. */
export function facts(pairs: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs
    .map(([name, value]) => {
      const lines = wrapped(plainLine(inLocalTime(value), 4_096), terminalWidth() - width - 2);
      return lines.map((line, n) => `${style("dim", (n === 0 ? name : "").padEnd(width))}  ${line}`).join("\n");
    })
    .join("\n");
}

function labelled(colour: Style, label: string, text: string): string {
  const said = sentence(`${label} ${plainLine(inLocalTime(text), 2_000)}`, "  ", process.stderr);
  return style(colour, label, process.stderr) + said.slice(label.length);
}

/** An error as a sentence, with what the broker found wrong or the stack of a bug below it. */
export function errorText(error: { readonly code: string; readonly detail: string } & Record<string, unknown>): string {
  const lines = [labelled("red", "error:", error.detail)];
  if (Array.isArray(error.issues)) {
    for (const { path, message } of error.issues) {
      if (!error.detail.includes(message)) lines.push(`  ${plainLine(`${path}: ${message}`)}`);
    }
  }
  if (typeof error.stack === "string") {
    lines.push("This is a bug in agentmesh. Please report it with these lines:", plainText(error.stack));
  }
  return `${lines.join("\n")}\n`;
}

/** An error as one line of JSON. */
export function errorJson(error: Record<string, unknown>): string {
  return `${jsonText({ error }, 0)}\n`;
}
