/** What a body's JSON is like, seen before it is parsed: keys that stand twice, and more of it than any request needs. */
import { httpLimits } from "../budgets/limits.ts";

/** Why a JSON text is refused. */
export type Misshapen =
  | { readonly why: "too deep" }
  | { readonly why: "too many keys" }
  | { readonly why: "twice"; readonly key: string };

const [QUOTE, BACKSLASH, COLON] = ['"', "\\", ":"].map((char) => char.charCodeAt(0));
const [OPEN, CLOSE, BEGIN, END] = ["{", "}", "[", "]"].map((char) => char.charCodeAt(0));

/**
 * Looks at a JSON text: what is nested too deep or has too many keys costs a parser far more than its bytes say, and of a key
 * that stands twice parsers differ on which counts. What it says of a text that is no JSON means nothing, but is said soon.
 */
export function misshapen(json: string): Misshapen | undefined {
  /** Keys of each object around this place; undefined for an array. */
  const around: (Set<string> | undefined)[] = [];
  let keys = 0;
  let twice: string | undefined;
  for (let at = 0; at < json.length; at++) {
    const char = json.charCodeAt(at);
    if (char === OPEN || char === BEGIN) {
      if (around.length === httpLimits.jsonDepth) return { why: "too deep" };
      around.push(char === OPEN ? new Set() : undefined);
    } else if (char === CLOSE || char === END) around.pop();
    else if (char === QUOTE) {
      const end = endOfString(json, at);
      const own = around.at(-1);
      if (own && isKey(json, end)) {
        if (++keys > httpLimits.jsonKeys) return { why: "too many keys" };
        const key = unescaped(json.slice(at, end + 1));
        // What is dear may stand behind it.
        if (key !== undefined && own.has(key)) twice ??= key;
        if (key !== undefined) own.add(key);
      }
      at = end;
    }
  }
  return twice === undefined ? undefined : { why: "twice", key: twice };
}

/** Whether a JSON text may have such keys, however they are written: most have not, and need no second look. */
export function mayBePoisoned(json: string): boolean {
  return json.includes("__proto__") || json.includes("prototype") || json.includes("\\u");
}

/** Whether an object has a key by which it would become, or change, the prototype of others when it is copied. Not nested deeper than `misshapen` lets through. */
export function isPoisoned(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Object.hasOwn(value, "__proto__")) return true;
  if ("constructor" in value && Object.hasOwn(value, "constructor")) {
    const { constructor: made } = value;
    if (typeof made === "object" && made !== null && Object.hasOwn(made, "prototype")) return true;
  }
  return Object.values(value).some(isPoisoned);
}

/** A string of JSON as its text; undefined where it is none, which the parser says better. */
function unescaped(written: string): string | undefined {
  if (!written.includes("\\")) return written.slice(1, -1);
  try {
    return String(JSON.parse(written));
  } catch {
    return undefined;
  }
}

function endOfString(json: string, begin: number): number {
  for (let end = json.indexOf('"', begin + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let before = end;
    while (json.charCodeAt(before - 1) === BACKSLASH) before--;
    if ((end - before) % 2 === 0) return end;
  }
  return json.length;
}

function isKey(json: string, endOfString: number): boolean {
  let at = endOfString + 1;
  // The blanks of JSON (RFC 8259 §2).
  while (at < json.length && " \t\n\r".includes(json.charAt(at))) at++;
  return json.charCodeAt(at) === COLON;
}
