/** Search words as a person types them, and the line of a text that shows where they stand. */
import { plainLine } from "@agentmesh/protocol";

/** A word or phrase that a text must hold; `begins` asks for what begins so. */
export interface SearchTerm {
  readonly text: string;
  readonly begins: boolean;
}

/** A `"phrase"`, closed or not, or a word; a star behind either asks for what begins so. */
const TERM = /"([^"]*)"?(\**)|([^\s"]+)/g;

/** What words are made of; a term without any means nothing. */
const LETTERS = "[\\p{L}\\p{N}\\p{Co}]";
const BETWEEN = "[^\\p{L}\\p{N}\\p{Co}]+";
const HAS_LETTER = new RegExp(LETTERS, "u");

const SNIPPET_CHARS = 160;
const CHARS_BEFORE = 60;

/** The terms in what was typed; none when it holds no word. */
export function searchTerms(typed: string): SearchTerm[] {
  const terms: SearchTerm[] = [];
  for (const [, phrase, stars, word = ""] of typed.replace(/\p{Cc}/gu, " ").matchAll(TERM)) {
    const text = phrase ?? word.replace(/\*+$/, "");
    const begins = phrase === undefined ? text !== word : stars !== "";
    if (HAS_LETTER.test(text)) terms.push({ text, begins });
  }
  return terms;
}

/** The words of a text, in their order: in lower case, without accents. */
export function wordsOf(text: string): string[] {
  return (
    text
      .normalize("NFD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .match(new RegExp(`${LETTERS}+`, "gu")) ?? []
  );
}

/** Makes one line of a body around the first of the terms; its beginning when none is found. */
export function snippetsOf(terms: readonly SearchTerm[]): (body: string) => string {
  const patterns = terms.map(patternOf);
  return (body) => snippetOf(body, patterns);
}

function snippetOf(body: string, patterns: readonly RegExp[]): string {
  const text = folded(body);
  const places = patterns.map((pattern) => text.search(pattern)).filter((place) => place >= 0);
  const from = Math.max(0, (places.length === 0 ? 0 : Math.min(...places)) - CHARS_BEFORE);
  // Begins behind a space, so that no word is cut in two.
  const begin = from === 0 ? 0 : from + Math.max(0, body.slice(from, from + CHARS_BEFORE / 2).search(/\s/));
  const part = body.slice(begin, begin + 2 * SNIPPET_CHARS);
  const line = plainLine(part, SNIPPET_CHARS);
  const open = begin + part.length < body.length && !line.endsWith("…") ? "…" : "";
  return `${begin > 0 ? "…" : ""}${line}${open}`;
}

function patternOf({ text, begins }: SearchTerm): RegExp {
  const words = folded(text)
    .split(new RegExp(BETWEEN, "u"))
    .filter((word) => word !== "");
  return new RegExp(`(?<!${LETTERS})${words.join(BETWEEN)}${begins ? "" : `(?!${LETTERS})`}`, "iu");
}

/** Without accents, and as long as before, so that places stay. */
function folded(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (unit) => unit.normalize("NFD").charAt(0));
}
