/** What comes over stdin and is no message of the specification: served where that can be, answered where it cannot. */
import { cleanEnv, startProgram, tempDir, until } from "testkit";
import { expect, test } from "vitest";
import * as z from "zod";
import { LineReader, MAX_LINE_BYTES } from "../src/wire/lines.ts";
import { TopLevelId } from "../src/wire/top-level-id.ts";

const Answer = z.looseObject({ error: z.object({ code: z.int(), message: z.string() }).optional() });
const ping = { jsonrpc: "2.0", id: 7, method: "ping" };

/** What a fresh adapter answers to these lines, and what it logs; a last ping shows that the session lives. */
async function conversation(...lines: readonly string[]): Promise<{ answers: unknown[]; log: string }> {
  using home = tempDir();
  const adapter = startProgram("mcp", [], { cwd: home.path, env: cleanEnv({ AGENTMESH_HOME: home.path }) });
  for (const line of lines) adapter.child.stdin?.write(`${line}\n`);
  adapter.child.stdin?.write(`${JSON.stringify({ ...ping, id: "last" })}\n`);
  await until(() => adapter.stdout().includes('"last"'));
  adapter.child.stdin?.end();
  expect((await adapter.exit).code).toBe(0);
  const answers = adapter.stdout().trimEnd().split("\n");
  return { answers: answers.map((line) => Answer.parse(JSON.parse(line))), log: adapter.stderr() };
}

const served: readonly [string, object][] = [
  ["a field that JSON-RPC does not know", { ...ping, session: "x" }],
  ["a field of an answer beside the method", { ...ping, result: {} }],
  ["null for params", { ...ping, params: null }],
  ["a task around a method that has none", { ...ping, params: { task: { ttl: 1_000 } } }],
  ["a task that is none", { ...ping, params: { task: "later" } }],
  ["fields in params that nobody knows", { ...ping, params: { locale: "de", _meta: { trace: [1] } } }],
];

test("requests with more or less than the specification knows are served", async () => {
  const { answers } = await conversation(...served.map(([, request], n) => JSON.stringify({ ...request, id: n })));
  expect(answers).toHaveLength(served.length + 1);
  for (const [n, [what]] of served.entries()) {
    expect(answers, what).toContainEqual({ jsonrpc: "2.0", id: n, result: {} });
  }
});

const refused: readonly [string, string, object][] = [
  ["half of a number as id", JSON.stringify({ ...ping, id: 1.5 }), { id: 1.5, error: { code: -32600 } }],
  ["null as id", JSON.stringify({ ...ping, id: null }), { id: null, error: { code: -32600 } }],
  ["an object as id", JSON.stringify({ ...ping, id: { n: 1 } }), { error: { code: -32600 } }],
  ["true as id", JSON.stringify({ ...ping, id: true }), { error: { code: -32600 } }],
  ["another JSON-RPC", JSON.stringify({ ...ping, jsonrpc: "1.0" }), { id: 7, error: { code: -32600 } }],
  ["no JSON-RPC", JSON.stringify({ id: 7, method: "ping" }), { id: 7, error: { code: -32600 } }],
  ["a number as method", JSON.stringify({ ...ping, method: 5 }), { id: 7, error: { code: -32600 } }],
  ["a list as params", JSON.stringify({ ...ping, params: [1] }), { id: 7, error: { code: -32602 } }],
  ["a text as _meta", JSON.stringify({ ...ping, params: { _meta: "x" } }), { id: 7, error: { code: -32602 } }],
  ["neither method nor result", JSON.stringify({ jsonrpc: "2.0", id: 7 }), { id: 7, error: { code: -32600 } }],
  ["a batch", JSON.stringify([ping]), { error: { code: -32600 } }],
  ["a text", '"ping"', { error: { code: -32600 } }],
  ["no JSON", "ping", { error: { code: -32700 } }],
];

test("lines that cannot be read are answered with an error in our words, and logged", async () => {
  const { answers, log } = await conversation(...refused.map(([, line]) => line));
  expect(answers).toHaveLength(refused.length + 1);
  for (const [n, [what, , error]] of refused.entries()) {
    expect(answers[n], what).toMatchObject(error);
    expect(Answer.parse(answers[n]).error?.message, what).toMatch(/^agentmesh cannot read this message: .+\.$/);
  }
  expect(JSON.stringify(answers)).not.toMatch(/MCP error|Invalid input|ZodError|expected/);
  expect(log.match(/protocol\.refused/g)).toHaveLength(refused.length);
});

test.each([
  ["its id before", `{"jsonrpc":"2.0","id":"long","method":"tools/call","params":{"id":3,"body":"`, `"}}`],
  ["its id behind", `{"jsonrpc":"2.0","method":"tools/call","params":{"list":[{"id":3}],"body":"`, `"},"id":"long"}`],
])("a line over the limit, %s the long part, is answered with its limit and ends nothing", async (_, head, tail) => {
  const { answers } = await conversation(`${head}${"x".repeat(MAX_LINE_BYTES)}${tail}`);
  expect(answers).toMatchObject([
    { id: "long", error: { code: -32600, message: expect.stringContaining("at most 10 MiB") } },
    { id: "last", result: {} },
  ]);
});

test("a line of the limit itself is read", async () => {
  const around = JSON.stringify({ ...ping, params: { body: "" } }).length;
  const line = JSON.stringify({ ...ping, params: { body: "x".repeat(MAX_LINE_BYTES - around) } });
  expect(Buffer.byteLength(line)).toBe(MAX_LINE_BYTES);
  expect((await conversation(line)).answers).toHaveLength(2);
});

test("an error of the adapter says its code once", async () => {
  const asks = [
    { ...ping, id: 1, method: "tools/call", params: { name: "nothing" } },
    { ...ping, id: 2, method: "prompts/get", params: {} },
    { ...ping, id: 3, method: "tools/call" },
  ];
  const { answers } = await conversation(...asks.map((ask) => JSON.stringify(ask)));
  expect(answers).toHaveLength(4);
  for (const answer of answers) expect(Answer.parse(answer).error?.message ?? "").not.toMatch(/MCP error|-32/);
});

test("lines come out of any chunks as they went in", () => {
  const lines = ["", "a", "bäc", `{"x":"${"y".repeat(300)}"}`, "end"];
  const bytes = Buffer.from(`${lines.join("\n")}\n`);
  for (const size of [1, 2, 7, bytes.length]) {
    const reader = new LineReader();
    const read: string[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      for (const line of reader.read(bytes.subarray(at, at + size))) read.push(line.kind === "line" ? line.text : "");
    }
    expect(read).toEqual(lines);
  }
});

test.each([
  ['{"id":5}', 5],
  ['{ "method" : "x", "id" : "a\\"b" }', 'a"b'],
  ['{"params":{"id":1},"id":2,"more":[{"id":3}]}', 2],
  ['{"params":{"text":"\\"id\\":9"},"name":"id"}', undefined],
  ['{"id":1.5}', undefined],
  ["[1,2]", undefined],
])("the id of %s is found in any chunks", (text, id) => {
  for (const size of [1, 3, text.length]) {
    const found = new TopLevelId();
    for (let at = 0; at < text.length; at += size) found.read(Buffer.from(text.slice(at, at + size)));
    expect(found.id).toBe(id);
  }
});
