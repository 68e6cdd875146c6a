/** Search words as a person types them, made a full-text query of SQLite: all of it quoted, so that none is syntax. */

/** A `"phrase"`, closed or not, or a word; a star behind either asks for what begins so. */
const TERM = /"([^"]*)"?(\**)|([^\s"]+)/g;

/** What the index keeps of a text: letters and digits. A term without any means nothing. */
const INDEXED = /[\p{L}\p{N}\p{Co}]/u;

/** The query for FTS5, all terms wanted; undefined when there is no word in it. */
export function matchOf(words: string): string | undefined {
  const terms: string[] = [];
  // A control character ends a word here; NUL would end the whole query inside SQLite.
  for (const [, phrase, star, word] of words.replace(/\p{Cc}/gu, " ").matchAll(TERM)) {
    const text = phrase ?? word?.replace(/\*+$/, "") ?? "";
    const begins = phrase === undefined ? text !== word : star !== "";
    if (INDEXED.test(text)) terms.push(`"${text}"${begins ? "*" : ""}`);
  }
  return terms.length === 0 ? undefined : terms.join(" ");
}
