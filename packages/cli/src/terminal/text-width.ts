/** How many terminal columns a text takes, and cutting it to fit. */

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
const ASCII = /^[\x20-\x7e]*$/;

// Emoji and the East Asian Wide and Fullwidth blocks of UAX #11.
const WIDE =
  /\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{17000}-\u{18d08}\u{1b000}-\u{1b2fb}\u{20000}-\u{3fffd}]/u;

/** Columns that a line of plain text takes in a terminal. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** `text` in at most `width` columns; what is left out shows as `…`, at the end or, for paths, at the start. */
export function cut(text: string, width: number, at: "end" | "start" = "end"): string {
  if (textWidth(text) <= width) return text;
  if (width < 1) return "";
  const parts = Array.from(graphemes.segment(text), ({ segment }) => segment);
  if (at === "start") parts.reverse();
  const kept: string[] = [];
  let room = width - 1;
  for (const part of parts) {
    room -= graphemeWidth(part);
    if (room < 0) break;
    kept.push(part);
  }
  return at === "start" ? `…${kept.reverse().join("")}` : `${kept.join("").trimEnd()}…`;
}

/** One line of text as lines of at most `width` columns, broken between words; a word that is longer than that is broken inside. */
export function wrapped(line: string, width: number): string[] {
  if (!Number.isFinite(width)) return [line];
  const lines: string[] = [];
  let now: string[] = [];
  let taken = 0;
  for (const { segment } of graphemes.segment(line.replaceAll("\t", "    "))) {
    if (taken + graphemeWidth(segment) > width) {
      const space = segment === " " ? now.length : now.lastIndexOf(" ") + 1;
      // A word is broken only when it has the line for itself and does not fit.
      const keep = now.slice(0, space).some((part) => part !== " ") ? space : now.length;
      lines.push(now.slice(0, keep).join("").trimEnd());
      now = now.slice(keep);
      taken = now.reduce((sum, part) => sum + graphemeWidth(part), 0);
    }
    // The blanks at which a line was broken begin no other one.
    if (segment === " " && now.length === 0 && lines.length > 0) continue;
    now.push(segment);
    taken += graphemeWidth(segment);
  }
  return [...lines, now.join("")];
}

/** `text` filled up with spaces to `width` columns. */
export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

function graphemeWidth(grapheme: string): number {
  return WIDE.test(grapheme) ? 2 : 1;
}
