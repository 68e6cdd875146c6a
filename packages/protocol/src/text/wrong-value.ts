/** What is wrong with a value from outside, in our words: what is taken there, and what was given instead. */
import type * as z from "zod";
import { plainLine } from "./plain-text.ts";

/** Beyond this a text is named by its length. */
const SHOWN_CHARS = 40;

/** What is no message to repeat: it may stand in a log or a transcript afterwards. */
const SECRET = /token|secret|password|authorization|key|url/i;

const types: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  map: "an object",
  null: "null",
  undefined: "nothing",
  never: "nothing",
  date: "a time",
};

const formats: Readonly<Record<string, string>> = {
  url: "an address such as https://example.com/path",
  datetime: "a time such as 2026-01-31T12:00:00Z",
  email: "an e-mail address",
  json_string: "JSON",
};

const parts: Readonly<Record<string, string>> = { string: "characters", array: "entries", set: "entries" };

/**
 * For the second parameter of `parse` and `safeParse`: what a schema does not say itself is said in our words and not in
 * the library's, as what is taken. `wrongValues` makes clauses of it.
 */
export const inWords: z.core.ParseContext<z.core.$ZodIssue> = { error: taken, reportInput: true };

/** Something wrong in a value; `path` and `message` with a blank between them are a clause. */
export interface WrongValue {
  readonly path: string;
  readonly message: string;
}

/** What is wrong, of a value that was parsed with `inWords`; of each place the first that is. */
export function wrongValues({ issues }: z.ZodError): WrongValue[] {
  const wrong = new Map<string, WrongValue>();
  // That a number is none that JavaScript counts with is said by its own limit as well.
  const byLimit = issues.toSorted((a, b) => Number(isUncountable(a)) - Number(isUncountable(b)));
  for (const issue of byLimit) {
    const path = issue.path.join(".");
    if (!wrong.has(path)) wrong.set(path, { path, message: clause(issue) });
  }
  return [...wrong.values()];
}

function isUncountable(issue: z.core.$ZodIssue): boolean {
  return issue.code === "too_big" && issue.maximum === Number.MAX_SAFE_INTEGER;
}

/** The clauses in one line. */
export function wrongValueText(wrong: readonly WrongValue[]): string {
  return wrong.map(({ path, message }) => (path === "" ? message : `${path} ${message}`)).join("; ");
}

function clause(issue: z.core.$ZodIssue): string {
  const { code, message, path, input } = issue;
  if (code === "unrecognized_keys") return `does not know ${named(issue.keys)}`;
  // What a rule of our own says stands by itself.
  if (code === "custom" && message !== "another value") return path.length === 0 ? message : `is refused: ${message}`;
  if (path.length === 0) return `has to be ${message}${input === undefined ? "" : `, not ${given(input, "")}`}`;
  if (input === undefined) return `is missing; it takes ${message}`;
  return `takes ${message}, not ${given(input, String(path.at(-1)))}`;
}

/** What is taken, as a noun. */
function taken(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return types[issue.expected] ?? "another type of value";
    case "invalid_value":
      return oneOf(issue.values.map((value) => (typeof value === "string" ? JSON.stringify(value) : String(value))));
    case "too_big":
      return `${issue.exact ? "" : issue.inclusive === false ? "less than " : "at most "}${amount(issue.maximum, issue.origin)}`;
    case "too_small":
      if (issue.origin === "string" && issue.minimum === 1) return "a text that is not empty";
      return `${issue.exact ? "" : issue.inclusive === false ? "more than " : "at least "}${amount(issue.minimum, issue.origin)}`;
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    case "invalid_format":
      return format(issue);
    case "invalid_union":
      return oneOf([...new Set((issue.errors ?? []).map(([first]) => first?.message ?? ""))].filter(Boolean));
    case "unrecognized_keys":
      return "no other names";
    default:
      return "another value";
  }
}

function format(issue: Pick<z.core.$ZodIssueInvalidStringFormat, "format" | "pattern">): string {
  const known = formats[issue.format];
  if (known !== undefined) return known;
  const pattern = issue.pattern?.replace(/^\/?\^?|\$?\/[a-z]*$/g, "");
  return pattern === undefined || pattern === "" ? "a text of another form" : `a text of the form ${pattern}`;
}

function amount(limit: number | bigint, origin: string): string {
  const unit = parts[origin];
  return unit === undefined ? String(limit) : `${limit} ${unit}`;
}

function oneOf(choices: readonly string[]): string {
  if (choices.length === 0) return "another value";
  return choices.length === 1 ? (choices[0] ?? "") : `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
}

function named(keys: readonly string[]): string {
  return keys.map((key) => JSON.stringify(plainLine(key, SHOWN_CHARS))).join(", ");
}

/** What was given, short, and never a secret. */
function given(value: unknown, name: string): string {
  if (typeof value === "string") {
    if (SECRET.test(name)) return "this text";
    return value.length > SHOWN_CHARS ? `a text of ${value.length} characters` : JSON.stringify(plainLine(value));
  }
  if (value === null || typeof value === "boolean" || Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" ? "an object" : "another value";
}
