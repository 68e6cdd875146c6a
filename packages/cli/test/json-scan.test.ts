/** The scanner of JSON texts takes, refuses and understands what a parser that others keep does. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import JSON5 from "json5";
import { type ParseError, parse as parseJsonc } from "jsonc-parser";
import { describe, expect, test } from "vitest";
import type { JsonSyntax } from "../src/setup/config/json-scalar.ts";
import { parseJson, valueAt } from "../src/setup/config/json-text.ts";
import { ConfigRefusal } from "../src/setup/config/refusal.ts";

const REFUSED = Symbol("refused");

function ours(text: string, mode: JsonSyntax): unknown {
  try {
    return valueAt(parseJson(text, mode), []);
  } catch (error) {
    if (error instanceof ConfigRefusal) return REFUSED;
    throw error;
  }
}

function theirs(text: string, mode: JsonSyntax): unknown {
  if (mode === "jsonc") {
    const errors: ParseError[] = [];
    const value: unknown = parseJsonc(text.replace(/^\ufeff/, ""), errors, { allowTrailingComma: true });
    return errors.length > 0 ? REFUSED : value;
  }
  try {
    return JSON5.parse(text);
  } catch {
    return REFUSED;
  }
}

/** Pieces that make a valid text when they fall right, and every kind of broken one when they do not. */
const piece = fc.constantFrom(
  ..."{}[]:,".split(""),
  ...[
    '"a"',
    "'b'",
    '"\\n\\u00e9"',
    '"\\x41"',
    "'\\\n'",
    '"',
    "\\",
    '"\t"',
    '"\u2028"',
    "''",
    '"é"',
    "'\\0'",
    '"\\v"',
    '"\\q"',
  ],
  ...[
    "1",
    "-0",
    "01",
    "1.",
    ".5",
    "+1",
    "1e5",
    "1E+5",
    "0x1F",
    "-",
    "Infinity",
    "-Infinity",
    "NaN",
    "-NaN",
    "0.10",
    "1.5.2",
  ],
  ...["true", "false", "null", "truely", "a", "$b_1", "é", "\\u0061b", "undefined"],
  ...[" ", "\n", "\r\n", "\t", "\v", "\u00a0", "\ufeff", "\u2029", "// c\n", "/* d */", "/*", "//", "/", "*/"],
);

const leaf = fc.constantFrom('"a"', "1", "-1.5e3", "null", "true", '"\\u0041\\""');
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 3 }).map((all) => `[${all.join(",")}]`),
    fc
      .array(fc.tuple(leaf, tie("value")), { maxLength: 3 })
      .map((all) => `{${all.map((pair) => pair.join(":")).join(",")}}`),
  ),
}));

describe.each<JsonSyntax>(["jsonc", "json5"])("as %s", (mode) => {
  test("texts of any pieces in any order are taken, refused and understood alike", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
        const text = pieces.join("");
        expect({ text, value: ours(text, mode) }).toEqual({ text, value: theirs(text, mode) });
      }),
      { numRuns: 20_000 },
    );
  });

  test("texts with one piece too much or one character too few are taken, refused and understood alike", () => {
    fc.assert(
      fc.property(value, piece, fc.nat(), fc.boolean(), (whole, more, at, cut) => {
        const place = at % (whole.length + 1);
        const text = cut
          ? whole.slice(0, place) + whole.slice(place + 1)
          : whole.slice(0, place) + more + whole.slice(place);
        const [own, other] = [ours(text, mode), theirs(text, mode)];
        expect(isDeepStrictEqual(own, other), text).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });
});

test("a string of ten million characters and lists in lists a thousand deep are no burden", () => {
  const long = "ä\\n".repeat(3_333_333);
  expect(valueAt(parseJson(`{"a": "${long}", "b": 1}`, "jsonc"), ["b"])).toBe(1);
  expect(() => parseJson("[".repeat(1_000) + "]".repeat(1_000), "jsonc")).not.toThrow();
  expect(() => parseJson("[".repeat(1_000_000), "jsonc")).toThrow("nested too deeply");
});
