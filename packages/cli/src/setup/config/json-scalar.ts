/** Strings, numbers, words and names of a JSON, JSONC or JSON5 text: where they end, and what they mean. */
/** What may be written: JSON with comments and trailing commas, or JSON5. */
export type JsonSyntax = "jsonc" | "json5";

/** Where a scalar ends, or the character at which it is none. */
export interface ScalarEnd {
  readonly at: number;
  readonly fault: boolean;
}

/** The end of the string, number or word that begins at an offset; of a member's name where that is wanted. */
export function scalarEnd(text: string, start: number, syntax: JsonSyntax, wanted: "value" | "name"): ScalarEnd {
  const first = text.charCodeAt(start);
  if (first === DOUBLE || (first === SINGLE && syntax === "json5")) return stringEnd(text, start, syntax);
  const form = wanted === "value" ? VALUE[syntax] : syntax === "json5" ? NAME : NOTHING;
  form.lastIndex = start;
  const [found = ""] = form.exec(text) ?? [];
  if (found === "") return { at: start, fault: true };
  const end = start + found.length;
  WORD.lastIndex = end;
  // `truely` and `01` are no values with something behind them.
  return wanted === "value" && WORD.test(text) ? { at: end, fault: true } : { at: end, fault: false };
}

/** What a scalar means. */
export function scalarValue(written: string): string | number | boolean | null {
  const word = WORDS.get(written);
  if (word !== undefined) return word;
  if (/^["']/.test(written)) return stringValue(written);
  const [, sign, digits = written] = /^([+-])(.*)$/s.exec(written) ?? [];
  const number = digits === "Infinity" ? Number.POSITIVE_INFINITY : Number(digits);
  return sign === "-" ? -number : number;
}

/** What a member's name means. */
export function nameValue(written: string): string {
  if (/^["']/.test(written)) return stringValue(written);
  return written.replace(/\\u([0-9a-fA-F]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function stringEnd(text: string, start: number, syntax: JsonSyntax): ScalarEnd {
  const quote = text.charCodeAt(start);
  let at = start + 1;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === quote) return { at: at + 1, fault: false };
    if (code === BACKSLASH) {
      const form = ESCAPE[syntax];
      form.lastIndex = at;
      const [found] = form.exec(text) ?? [];
      if (found === undefined) return { at: at + 1, fault: true };
      at += found.length;
    } else if (Number.isNaN(code) || (syntax === "json5" ? code === 0x0a || code === 0x0d : code < 0x20)) {
      return { at, fault: true };
    } else at++;
  }
}

function stringValue(written: string): string {
  return written.slice(1, -1).replace(ANY_ESCAPE, (_, code: string | undefined, line: string | undefined, one = "") => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return line === undefined ? (NAMED.get(one) ?? one) : "";
  });
}

const DOUBLE = 0x22;
const SINGLE = 0x27;
const BACKSLASH = 0x5c;

const VALUE: Readonly<Record<JsonSyntax, RegExp>> = {
  jsonc: /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y,
  json5: /true|false|null|[+-]?(?:Infinity|NaN|0[xX][\da-fA-F]+|(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)/y,
};
const NAME = /(?:[$_\p{ID_Start}]|\\u[\da-fA-F]{4})(?:[$_\p{ID_Continue}]|\u200c|\u200d|\\u[\da-fA-F]{4})*/uy;
const NOTHING = /(?!)/y;
const WORD = /[\w$.\\]/y;
const ESCAPE: Readonly<Record<JsonSyntax, RegExp>> = {
  jsonc: /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y,
  json5: /\\(?:u[\da-fA-F]{4}|x[\da-fA-F]{2}|0(?!\d)|\r\n|[^ux\d])/y,
};
const ANY_ESCAPE = /\\(?:(u[\da-fA-F]{4}|x[\da-fA-F]{2})|(\r\n|[\n\r\u2028\u2029])|([\s\S]))/g;
const NAMED = new Map(Object.entries({ b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "0": "\0" }));
const WORDS = new Map<string, boolean | null>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
