/** Takes from a text what a model could take for the tags that frame messages, tools, a client's own words or the system. */
import { plainLine, plainText } from "./plain-text.ts";

// Opening brackets, whatever their width or script.
const OPENERS = /[<\uff1c\ufe64\u226e\u02c2\u1438\u276e\u27e8\u2329\u3008]+/gu;
const OPENER = /^[<\uff1c\ufe64\u226e\u02c2\u1438\u276e\u27e8\u2329\u3008]$/u;

/** How much of what follows a bracket is read, in characters that a reader sees. */
const READ_CHARS = 120;

// Names in which agentmesh, a client or a model's own format frame what is not the body's, wherever they stand.
const FENCES =
  /^(agentmesh|channel|system|antml|tool|function|invoke|task_notification|hook_(prompt|context)|user_prompt_submit|local_command|command_(name|message|args|contents)|user_instructions|environment_context|untrusted_context|(end_)?external_untrusted|\|\w+\|)/;

// The frame of tomorrow's client has such a name too; no element of HTML does, and little code.
const NAME_OF_TWO_WORDS = /^(?=[\p{L}_])(?=[^_]+_|_[^_])[\p{L}\p{N}_:]+(?=\/?[\s>]|$)/u;

// Attributes and a closing bracket: `i < max_i && j > 0` has none.
const REST_OF_TAG = /^(\s+[\p{L}\p{N}_:.]+(\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?)*\s*\/?\s*>/u;

/** Letters of other scripts that are drawn as Latin ones, by what a reader takes them for. */
const LOOKALIKES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    a: "\u0430\u03b1\u0251",
    b: "\u044c\u0184",
    c: "\u0441\u03f2",
    d: "\u0501",
    e: "\u0435\u04bd",
    g: "\u0261\u0581",
    h: "\u04bb\u0570",
    i: "\u0456\u03b9\u0131\u04cf",
    j: "\u0458",
    k: "\u043a\u03ba",
    l: "\u04c0\u01c0",
    m: "\u043c",
    n: "\u0578\u03b7",
    o: "\u043e\u03bf\u0585",
    p: "\u0440\u03c1",
    q: "\u051b",
    r: "\u0433",
    s: "\u0455",
    t: "\u0442\u03c4",
    u: "\u057d\u03c5",
    v: "\u03bd\u0475",
    w: "\u051d\u0461",
    x: "\u0445\u03c7",
    y: "\u0443\u03b3",
    z: "\u1d22",
  }).flatMap(([latin, others]) => [...others].map((other) => [other, latin])),
);

/**
 * `text` in which nothing reads as such a tag. It is judged by what a reader sees: runs of blanks, marks on letters, invisible
 * characters, widths, letters of other scripts and ways to write a dash make no difference.
 */
export function defang(text: string): string {
  const plain = plainText(text);
  return plain.replace(OPENERS, (openers, at: number) => {
    const before = plain.slice(Math.max(0, at - 1), at);
    return isFrame(openers, asRead(plain, at + openers.length), before, plain.slice(lineStart(plain, at), at))
      ? "‹".repeat(openers.length)
      : openers;
  });
}

/** One line of another agent's words, for a list. */
export function defangLine(text: string, maxChars = 200): string {
  return defang(plainLine(text, maxChars));
}

/** What stands behind a bracket, as it is read. */
interface Read {
  /** Blanks and slashes before the name. */
  readonly gap: string;
  /** Something that is not seen stands there too. */
  readonly unseen: boolean;
  readonly text: string;
  /** As it is written: two capitals, or a dash, come first. */
  readonly capitals: boolean;
  readonly dash: boolean;
  /** The text was cut somewhere in it. */
  readonly cut: boolean;
}

function isFrame(openers: string, read: Read, before: string, line: string): boolean {
  const { gap, unseen, text, capitals, dash, cut } = read;
  if (FENCES.test(text.replace(/\s/g, ""))) return true;
  if (openers.length > 2 && gap === "" && capitals) return true;
  const name = NAME_OF_TWO_WORDS.exec(text)?.[0];
  if (name === undefined || dash) return false;
  // `list<size_t>` and `i<max_i` are code, as is `ch <-my_value`; a frame is not glued to the word before it.
  if (gap === "") return unseen || !/[\p{L}\p{N}_]$/u.test(before);
  if (/[^\s]/u.test(gap)) return true;
  // Behind a blank it is a comparison, unless it is closed like a tag, is cut in its name, or begins its line.
  const rest = text.slice(name.length);
  return (cut && rest.trim() === "") || REST_OF_TAG.test(rest) || line.trim() === "";
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

// Where a text was cut stands `…`: what is left of a tag there is judged as one.
const BLANK = /^[\s\u2026]$/u;
const SLASH = /^[/\\\u2044\u2215\uff0f\u29f8\u27cb]$/u;
const UNSEEN = /^[\p{M}\p{C}]$/u;

/** Reads on from `from` up to the next bracket: in time that the length of the text bounds, however many brackets it has. */
function asRead(text: string, from: number): Read {
  let gap = "";
  let seen = "";
  let unseen = false;
  let cut = false;
  for (let at = from; at < text.length && seen.length < READ_CHARS; ) {
    const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
    at += char.length;
    if (OPENER.test(char)) break;
    cut ||= char === "…";
    if (BLANK.test(char)) {
      if (seen === "") gap += gap.endsWith(" ") ? "" : " ";
      else if (!seen.endsWith(" ")) seen += " ";
    } else if (UNSEEN.test(char)) unseen ||= seen === "";
    else if (seen === "" && SLASH.test(char)) gap += "/";
    else seen += char;
  }
  const [capitals, dash] = [/^\p{Lu}{2}/u.test(seen), /^\p{Pd}/u.test(seen)];
  return { gap, unseen, text: bare(seen), capitals, dash, cut };
}

/** What letters would be taken for: without width, accents and script, every dash a `_`, every closing bracket a `>`. */
function bare(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/(?!\s)[\p{M}\p{C}]/gu, "")
    .replace(/[\p{Pd}\p{Pc}\u2212]/gu, "_")
    .replace(/[\u226f\u02c3\u1433\u276f\u27e9\u232a\u3009]/gu, ">")
    .toLowerCase()
    .replace(/[^\p{ASCII}]/gu, (letter) => LOOKALIKES[letter] ?? letter);
}
