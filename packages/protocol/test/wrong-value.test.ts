/** What is said of a wrong value: over every field of every endpoint, and every kind of schema there is. */
import { type Endpoint, endpoints, inWords, wrongValues, wrongValueText } from "@agentmesh/protocol";
import { expect, test } from "vitest";
import * as z from "zod";

const LIBRARY =
  /invalid (input|option|string|type|format|key|value|number)|too (small|big)|expected|received|unrecognized|regex|zod|NaN|\[object|undefined|must match|[<>]=/i;

const values: unknown[] = [
  ...[undefined, null, "", "x", "x".repeat(5_000), "\u0000", "\ud800", 0, -1, 1.5, 1e300, true, [], ["x"], [{}]],
  ...[{}, { x: 1 }, { x: { y: [] } }, new Date(), 1n, Number.NaN, () => 1],
];

const said = (schema: z.ZodType, value: unknown) => {
  const { error } = schema.safeParse(value, inWords);
  return error ? wrongValueText(wrongValues(error)) : undefined;
};

const rows: readonly [string, Endpoint][] = Object.entries(endpoints);

test.each(rows)("%s: no field says anything in the library's words, whatever it is given", (_, row) => {
  for (const schema of [row.params, row.query, row.body, row.reply]) {
    if (!schema) continue;
    for (const value of values) {
      const whole = said(schema, value);
      expect(whole ?? "").not.toMatch(LIBRARY);
      for (const field of Object.keys("shape" in schema ? (schema.shape as object) : {})) {
        const text = said(schema, { [field]: value });
        expect(text ?? "", `${field}: ${String(value).slice(0, 40)}`).not.toMatch(LIBRARY);
      }
    }
  }
});

test.each<[z.ZodType, unknown, string]>([
  [z.object({ a: z.string() }), {}, "a is missing; it takes a text"],
  [z.object({ a: z.string().min(1) }), { a: "" }, 'a takes a text that is not empty, not ""'],
  [z.object({ a: z.string().max(3) }), { a: "four" }, 'a takes at most 3 characters, not "four"'],
  [z.object({ a: z.string().length(3) }), { a: "four" }, 'a takes 3 characters, not "four"'],
  [z.object({ a: z.string().min(3) }), { a: null }, "a takes a text, not null"],
  [z.object({ a: z.int() }), { a: 1.5 }, "a takes a whole number, not 1.5"],
  [z.object({ a: z.int().max(9) }), { a: 1e300 }, "a takes at most 9, not 1e+300"],
  [z.object({ a: z.number().gt(2) }), { a: 2 }, "a takes more than 2, not 2"],
  [z.object({ a: z.number().multipleOf(5) }), { a: 2 }, "a takes a multiple of 5, not 2"],
  [z.object({ a: z.number() }), { a: Number.NaN }, "a takes a number, not another value"],
  [z.object({ a: z.boolean() }), { a: "yes" }, 'a takes true or false, not "yes"'],
  [z.object({ a: z.enum(["x", "y", "z"]) }), { a: "w" }, 'a takes "x", "y" or "z", not "w"'],
  [z.object({ a: z.literal(7) }), { a: 8 }, "a takes 7, not 8"],
  [z.object({ a: z.array(z.string()).max(1) }), { a: ["x", "y"] }, "a takes at most 1 entries, not a list of 2"],
  [z.object({ a: z.array(z.int()) }), { a: [1, "x"] }, 'a.1 takes a number, not "x"'],
  [z.object({ a: z.url() }), { a: "x" }, 'a takes an address such as https://example.com/path, not "x"'],
  [z.object({ a: z.string().regex(/^[a-z]{2}$/) }), { a: "x" }, 'a takes a text of the form [a-z]{2}, not "x"'],
  [z.object({ a: z.union([z.string(), z.int()]) }), { a: true }, "a takes a text or a number, not true"],
  [z.object({ a: z.record(z.string(), z.int()) }), { a: { b: "x" } }, 'a.b takes a number, not "x"'],
  [z.strictObject({ a: z.int() }), { a: 1, b: 2, c: 3 }, 'does not know "b", "c"'],
  [z.object({ a: z.strictObject({}) }), { a: { b: 2 } }, 'a does not know "b"'],
  [z.object({ a: z.int() }), "x", 'has to be an object, not "x"'],
  [z.object({ a: z.int() }), undefined, "has to be an object"],
  [
    z.object({ a: z.string().refine(() => false, { error: "this is reserved" }) }),
    { a: "x" },
    "a is refused: this is reserved",
  ],
  [z.object({ a: z.string().refine(() => false) }), { a: "x" }, 'a takes another value, not "x"'],
])("%#: %o gets a clause of ours", (schema, value, words) => {
  expect(said(schema, value)).toBe(words);
});

test("a secret is never repeated", () => {
  for (const name of ["token", "secret", "url", "meshKey", "authorization"]) {
    expect(said(z.object({ [name]: z.string().max(3) }), { [name]: "s3cret" })).toBe(
      `${name} takes at most 3 characters, not this text`,
    );
  }
});
