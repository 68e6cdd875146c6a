/** What the terminal gets: plain text for people, one JSON document for programs, colours only where they belong. */
import { styleText } from "node:util";
import { plainLine, plainText } from "@agentmesh/protocol";
import { wrapped } from "./text-width.ts";

/** Colours and weights in use. */
export type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan";

// JSON.stringify leaves these as they are, and some of them are commands to a terminal (U+009B is CSI).
const RAW_IN_JSON = /[\u007f-\u009f\u2028\u2029\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** `text` in a style, on a terminal that shows colours. */
export function style(name: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  const coloured = stream.isTTY && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  return coloured && text !== "" ? styleText(name, text, { validateStream: false }) : text;
}

/** Columns of the terminal; without one, lines are not cut. */
export function terminalWidth(): number {
  return process.stdout.isTTY ? Math.max(40, process.stdout.columns) : Number.POSITIVE_INFINITY;
}

/** Writes lines to stdout; resolves when they are written. */
export function print(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${text}\n`, () => resolve());
  });
}

/** Writes a remark to stderr, so that stdout stays what was asked for. */
export function remark(text: string): void {
  process.stderr.write(`${style("dim", plainText(text), process.stderr)}\n`);
}

/** Writes a warning to stderr. */
export function warn(text: string): void {
  process.stderr.write(`${style("yellow", "warning:", process.stderr)} ${plainLine(text, 2_000)}\n`);
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
  return pairs.map(([name, value]) => `${style("dim", name.padEnd(width))}  ${plainLine(value, 4_096)}`).join("\n");
}

/** An error as a sentence, with what the broker found wrong or the stack of a bug below it. */
export function errorText(error: { readonly code: string; readonly detail: string } & Record<string, unknown>): string {
  const lines = [`${style("red", "error:", process.stderr)} ${plainLine(error.detail, 2_000)}`];
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
