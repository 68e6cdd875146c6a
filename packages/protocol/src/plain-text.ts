/** Makes text of other agents harmless before a terminal or a model is shown it. */

// C0 and C1 controls but tab and line feed, bidirectional controls, zero-width and invisible characters, tag characters,
// variation selectors beyond the emoji one, and lone surrogates.
const UNSAFE =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: the characters are listed one by one, not as clusters
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb]|[\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]|\p{Cs}/gu;

// A zero-width joiner is kept only inside an emoji sequence.
const STRAY_JOINER =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: a look-behind over single code points
  /(?<![\p{Extended_Pictographic}\u{1f3fb}-\u{1f3ff}\ufe0f])\u200d|\u200d(?!\p{Extended_Pictographic})/gu;

/** `text` without control, bidirectional or invisible characters; line ends become `\n`. */
export function plainText(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(UNSAFE, "").replace(STRAY_JOINER, "");
}

/** `text` as one line of at most `maxChars` UTF-16 units, as schemas count them, for a table cell, an attribute or a log. */
export function plainLine(text: string, maxChars = 200): string {
  const line = plainText(text).replace(/\s+/g, " ").trim();
  if (line.length <= maxChars) return line;
  const half = /\p{Cs}$/u;
  return `${line.slice(0, maxChars - 1).replace(half, "")}…`;
}
