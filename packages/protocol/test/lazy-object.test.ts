// The objects of the wire are made when they are used: every program loads all of them and uses few.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as z from "zod";
import { object, strictObject } from "../src/shapes/lazy-object.ts";

const src = fileURLToPath(new URL("../src", import.meta.url));

test("fields are made at the first use, once, also for what is made of an object", () => {
  let made = 0;
  const fields = () => {
    made++;
    return { name: z.string(), size: z.int().default(1) };
  };
  const schema = object(fields);
  const described = schema.meta({ description: "a thing" });
  const maybe = described.optional();
  expect(made).toBe(0);
  expect(maybe.parse({ name: "a", more: 1 })).toEqual({ name: "a", size: 1 });
  expect(schema.parse({ name: "b" })).toEqual({ name: "b", size: 1 });
  expect(described.shape.name).toBe(schema.shape.name);
  expect(made).toBe(1);
});

test("what they take and refuse is what zod's own take and refuse", () => {
  const fields = () => ({ id: z.int(), tags: z.array(z.string()).optional() });
  const pairs = [
    [object(fields), z.object(fields())],
    [strictObject(fields), z.strictObject(fields())],
    [strictObject(fields).extend({ on: z.boolean() }), z.strictObject({ ...fields(), on: z.boolean() })],
    [object(fields).partial().strict(), z.object(fields()).partial().strict()],
  ] as const;
  const inputs = [
    { id: 1 },
    { id: 1, tags: ["a"] },
    { id: 1, other: 2 },
    { id: "1" },
    { id: 1, on: true },
    {},
    null,
    [],
  ];
  for (const [ours, theirs] of pairs) {
    for (const input of inputs) {
      const [own, other] = [ours.safeParse(input), theirs.safeParse(input)];
      expect({ data: own.data, issues: own.error?.issues }).toEqual({ data: other.data, issues: other.error?.issues });
    }
    expect(z.toJSONSchema(ours)).toEqual(z.toJSONSchema(theirs));
  }
});

test("no object of the wire is made when the package is loaded", () => {
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const eager = files.flatMap((name) =>
    readFileSync(`${src}/${name}`, "utf8")
      .split("\n")
      .filter((line) =>
        /^(export )?const \w+ = z\.(strictO|o)bject\(\{|^ {4}(params|query|body|reply): z\.(strictO|o)bject\(\{/.test(
          line,
        ),
      )
      .map((line) => `${name}: ${line}`),
  );
  expect(eager).toEqual([]);
});
