/** Where the tables and pairs of a TOML text stand; what a header or a key names is asked of the parser. */
import { parse } from "smol-toml";
import { isRecord } from "./json-text.ts";

/** A header or a pair, over one line or more. */
export interface TomlStatement {
  readonly kind: "header" | "pair";
  /** Names from the root, those of the header above included. */
  readonly path: readonly string[];
  /** First and last line, counted from 0. */
  readonly first: number;
  readonly last: number;
}

/** The statements of a text that the parser takes. What looks like one within a string, a list or a comment is none. */
export function statementsOf(text: string): TomlStatement[] {
  const statements: TomlStatement[] = [];
  let table: readonly string[] = [];
  let line = 0;
  let at = 0;
  while (at < text.length) {
    const end = statementEnd(text, at);
    const lines = text.slice(at, end).split("\n").length - 1;
    const start = at + (/^[\s\uFEFF]*/.exec(text.slice(at, end))?.[0].length ?? 0);
    const written = text.slice(start, end);
    if (written !== "" && !written.startsWith("#")) {
      const header = written.startsWith("[");
      const path = header ? pathOf(written) : [...table, ...pathOf(`${written.slice(0, keyEnd(written))}= 0`)];
      if (header) table = path;
      const last = line + (text.charAt(end - 1) === "\n" ? lines - 1 : lines);
      statements.push({ kind: header ? "header" : "pair", path, first: line, last });
    }
    line += lines;
    at = end;
  }
  return statements;
}

/** The names on the one way down in a text that says one thing. */
function pathOf(written: string): string[] {
  const path: string[] = [];
  let value: unknown = parse(written);
  for (;;) {
    if (Array.isArray(value)) value = value[0];
    const [name] = isRecord(value) ? Object.keys(value) : [];
    if (name === undefined || !isRecord(value)) return path;
    path.push(name);
    value = value[name];
  }
}

/** Behind the line in which a statement ends: the first whose end is in no string and no bracket. */
function statementEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; ) {
    const string = stringAt(text, at);
    const character = text.charAt(at);
    if (string > at) {
      at = string;
    } else if (character === "#") {
      const end = text.indexOf("\n", at);
      at = end === -1 ? text.length : end;
    } else {
      if (character === "\n" && depth === 0) return at + 1;
      if (character === "[" || character === "{") depth++;
      if (character === "]" || character === "}") depth--;
      at++;
    }
  }
  return text.length;
}

function keyEnd(statement: string): number {
  for (let at = 0; at < statement.length; ) {
    const string = stringAt(statement, at);
    if (string === at && statement.charAt(at) === "=") return at;
    at = Math.max(string, at + 1);
  }
  return statement.length;
}

/** Behind the string that begins at an offset; the offset itself when none does. */
function stringAt(text: string, at: number): number {
  STRING.lastIndex = at;
  return at + (STRING.exec(text)?.[0].length ?? 0);
}

/** A long string may end in one or two quotes of its own. */
const STRING = /"""(?:\\[\s\S]|(?!""")[^\\])*"{3,5}|'''(?:(?!''')[\s\S])*'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'/y;
