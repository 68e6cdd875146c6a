/** The MCP side alone: what a client sees before any broker is needed. */
import { assertInTime, cleanEnv, runProgram, startMcpSession, startProgram, stopwatch, tempDir } from "testkit";
import { expect, test } from "vitest";
import * as z from "zod";
import { variables } from "../src/config/config-variables.ts";

test("the handshake takes under a second, claims the channel and not its permissions, and makes no file", async () => {
  using home = tempDir();
  const ms = stopwatch();
  await using session = await startMcpSession({ home: `${home.path}/state`, cwd: home.path });
  assertInTime(ms(), 1_000);
  expect(session.client.getServerCapabilities()).toEqual({ tools: {}, experimental: { "claude/channel": {} } });
  expect(session.client.getServerVersion()?.name).toBe("agentmesh");
  expect(Buffer.byteLength(session.client.getInstructions() ?? "")).toBeLessThan(2_048);
  expect(session.stderr()).toBe("");
});

test("all tools with their schemas stay within 1,500 tokens, in a fixed order", async () => {
  using home = tempDir();
  await using session = await startMcpSession({ home: home.path, cwd: home.path });
  const { tools } = await session.client.listTools();
  expect(tools.map((tool) => tool.name)).toEqual([
    "list_peers",
    "send_message",
    "reply",
    "ask_peer",
    "publish",
    "subscribe",
    "check_messages",
    "trace_message",
    "set_summary",
    "whoami",
  ]);
  expect(JSON.stringify(tools).length).toBeLessThan(6_000);
  expect(tools.every((tool) => tool.inputSchema.additionalProperties === false)).toBe(true);
});

test("server/discover is an unknown method, and requests before initialize break nothing", async () => {
  using home = tempDir();
  const adapter = startProgram("mcp", [], { cwd: home.path, env: cleanEnv({ AGENTMESH_HOME: home.path }) });
  const asks = ["server/discover", "ping", "tools/list", "resources/list"];
  asks.forEach((method, id) => {
    adapter.child.stdin?.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params: {} })}\n`);
  });
  adapter.child.stdin?.end();
  expect((await adapter.exit).code).toBe(0);
  const answers = adapter
    .stdout()
    .trimEnd()
    .split("\n")
    .map((line) => z.looseObject({ id: z.int() }).parse(JSON.parse(line)))
    .sort((a, b) => a.id - b.id);
  expect(answers).toMatchObject([
    { id: 0, error: { code: -32601 } },
    { id: 1, result: {} },
    { id: 2, result: { tools: [{ name: "list_peers" }, {}, {}, {}, {}, {}, {}, {}, {}, {}] } },
    { id: 3, error: { code: -32601 } },
  ]);
});

const Answer = z.looseObject({
  id: z.unknown(),
  result: z.looseObject({}).optional(),
  error: z.looseObject({}).optional(),
});

/** Where no broker is, and none is started. */
const NOBODY = "http://127.0.0.1:9";

/** What a fresh adapter answers to these messages by the time that its stdin ends. */
async function answersTo(...messages: readonly object[]): Promise<z.infer<typeof Answer>[]> {
  using home = tempDir();
  const adapter = startProgram("mcp", [], {
    cwd: home.path,
    env: cleanEnv({ AGENTMESH_HOME: home.path, AGENTMESH_URL: NOBODY }),
  });
  for (const message of messages) adapter.child.stdin?.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  adapter.child.stdin?.end();
  expect((await adapter.exit).code).toBe(0);
  const lines = adapter.stdout().trimEnd().split("\n");
  return lines.map((line) => Answer.parse(JSON.parse(line))).sort((a, b) => Number(a.id) - Number(b.id));
}

test("a handshake is answered in the revision it asks for, else in the newest; one that asks for none is refused", async () => {
  const spoken = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"];
  const asked = [...spoken, "2031-01-01", undefined];
  const messages = asked.map((protocolVersion, id) => ({
    id,
    method: "initialize",
    params: { protocolVersion, capabilities: {}, clientInfo: { name: "somebody", version: "1" } },
  }));
  const answers = await answersTo(...messages, { id: 7, method: "initialize" });
  expect(answers.map(({ result }) => result?.protocolVersion)).toEqual([...spoken, spoken[0], undefined, undefined]);
  expect(answers.slice(6)).toMatchObject([
    { error: { code: -32602, message: expect.stringMatching(/^initialize: .*protocolVersion/) } },
    { error: { code: -32602, message: expect.stringMatching(/^initialize: .*protocolVersion/) } },
  ]);
});

test.each([[0], [5], ["five"]])(
  "a request with the id %j that is cancelled is not answered, and the next one is",
  async (id) => {
    const answers = await answersTo(
      { id, method: "tools/call", params: { name: "check_messages", arguments: {} } },
      { method: "notifications/cancelled", params: { requestId: id, reason: "Escape" } },
      { method: "notifications/cancelled", params: { requestId: 99 } },
      { method: "notifications/cancelled" },
      { method: "notifications/nobody/knows", params: {} },
      { id: 6, result: {} },
      { id: 7, method: "ping" },
    );
    expect(answers).toEqual([{ jsonrpc: "2.0", id: 7, result: {} }]);
  },
);

test("--version, --help and an unknown option", async () => {
  const version = await runProgram("mcp", ["--version"]);
  expect(version).toMatchObject({ code: 0, stderr: "" });
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const help = await runProgram("mcp", ["--help"]);
  for (const { name, description } of variables) {
    expect(help.stdout).toContain(name);
    expect(help.stdout).toContain(description);
  }
  expect(await runProgram("mcp", ["--port"])).toMatchObject({ code: 2, stdout: "" });
});
