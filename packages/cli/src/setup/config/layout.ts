/** How a JSON text is laid out, and new values written in the same way. */
import { childrenOf, isContainer, type Json, type JsonText } from "./json-text.ts";

/** The habits of a text. */
export interface Layout {
  readonly eol: string;
  /** One step of indentation. */
  readonly unit: string;
  /** Between colon and value, and behind commas within a line. */
  readonly blank: string;
  /** All of it stands in one line. */
  readonly oneLine: boolean;
  /** Indentation of the line that holds an offset. */
  indentAt(offset: number): string;
  /** Whether only blanks stand before an offset in its line. */
  beginsLine(offset: number): boolean;
}

/** The layout of a text, as its first members show it. */
export function layoutOf(json: JsonText): Layout {
  const { text, root } = json;
  const lineBefore = (offset: number) =>
    text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset).replace(/^\uFEFF/, "");
  const beginsLine = (offset: number) => /^[ \t]*$/.test(lineBefore(offset));
  const indentAt = (offset: number) => /^[ \t]*/.exec(lineBefore(offset))?.[0] ?? "";
  const { start, end } = root;
  const members = isContainer(root) ? childrenOf(json, root) : [];
  const indented = members.find(({ span }) => beginsLine(span.start) && span.start > start);
  const step = indented === undefined ? "" : lineBefore(indented.span.start).slice(indentAt(start).length);
  const colonEnd = members[0]?.colonEnd;
  return {
    eol: text.includes("\r\n") ? "\r\n" : "\n",
    unit: step === "" ? "  " : step,
    blank: colonEnd === undefined || /\s/.test(text.charAt(colonEnd)) ? " " : "",
    oneLine: members.length > 0 && !text.slice(start, end).includes("\n"),
    indentAt,
    beginsLine,
  };
}

/** A value over several lines, the first of which begins behind its name. */
export function multilineJson(value: Json, indent: string, { unit, eol }: Pick<Layout, "unit" | "eol">): string {
  return JSON.stringify(value, undefined, unit).replaceAll("\n", `${eol}${indent}`);
}

/** A value in one line. */
export function inlineJson(value: Json, blank: string): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map((one) => inlineJson(one, blank)).join(`,${blank}`)}]`;
  const members = Object.entries(value).map(
    ([name, one]) => `${JSON.stringify(name)}:${blank}${inlineJson(one, blank)}`,
  );
  return `{${members.join(`,${blank}`)}}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
