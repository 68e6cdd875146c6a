/** Makes text of other agents harmless before a terminal or a model is shown it. */

// Controls but tab and line feed, format characters (bidirectional, zero-width, tags), whatever else is drawn as nothing,
// separators that break a line, and lone surrogates. An emoji of several is shown as these: what joins them could hide text.
const UNSAFE = /(?![\n\t])\p{Cc}|[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** `text` without control, bidirectional or invisible characters; line ends become `\n`. */
export function plainText(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(UNSAFE, "");
}

/** `text` as one line of at most `maxChars` UTF-16 units, as schemas count them, for a table cell, an attribute or a log. */
export function plainLine(text: string, maxChars = 200): string {
  const line = plainText(text).replace(/\s+/g, " ").trim();
  if (line.length <= maxChars) return line;
  const half = /\p{Cs}$/u;
  return `${line.slice(0, maxChars - 1).replace(half, "")}…`;
}
