/** SQL of the words of bodies: an index of what stands where, made of the words as the mesh cuts them. */
import { type SearchTerm, wordsOf } from "../../mesh/names/words.ts";
import type { EngineContext } from "./context.ts";

/** Bounds of a TSVECTOR: a word is cut, a later place counts as the last, and of many places of a word the first are kept. */
const LONGEST_WORD = 255;
const LAST_PLACE = 16_383;
const MOST_PLACES = 255;

/** The statements on words. */
export function wordStatements({ db }: Pick<EngineContext, "db">) {
  return {
    put: (messagePk: number, body: string) =>
      db.run(`INSERT INTO message_words (message_pk, words) VALUES ($1, $2::TSVECTOR)`, [messagePk, vectorOf(body)]),
  };
}

/** The words of a text with their places, as a TSVECTOR is written. Words are letters and digits: nothing in them is syntax. */
export function vectorOf(text: string): string {
  const places = new Map<string, number[]>();
  for (const [n, word] of wordsOf(text).entries()) {
    const cut = word.slice(0, LONGEST_WORD);
    const known = places.get(cut);
    if (!known) places.set(cut, [Math.min(n + 1, LAST_PLACE)]);
    else if (known.length < MOST_PLACES) known.push(Math.min(n + 1, LAST_PLACE));
  }
  return [...places].map(([word, at]) => `'${word}':${at.join(",")}`).join(" ");
}

/** Terms as a TSQUERY is written: the words of each one behind the other, all of the terms. */
export function queryOf(terms: readonly SearchTerm[]): string {
  return terms
    .map(({ text, begins }) => {
      const words = wordsOf(text).map((word) => `'${word.slice(0, LONGEST_WORD)}'`);
      return `(${words.join(" <-> ")}${begins ? ":*" : ""})`;
    })
    .join(" & ");
}
