#!/usr/bin/env bash
# @modelcontextprotocol/sdk 1.32.2: a server that declares no tasks refuses every request that is augmented with one.
#
# Expected: the request processed as any other. The specification of MCP (2025-11-25, basic/utilities/tasks, task support
#   and handling) has a receiver that does not declare the capability for a kind of request process it normally, and ignore
#   the task in it: whoever asked sees by the plain result that there is none.
# Seen: -32603 for all of them, `ping` included, before the server's own handler is asked. It cannot take that back; only a
#   transport of its own can, which drops `params.task` before the library has it.
#
#     tools/call            {"content":[{"type":"text","text":"hello"}]}
#     tools/call with task  {"code":-32603,"message":"Server does not support task creation (required for tools/call)"}
#     ping with task        {"code":-32603,"message":"Server does not support task creation (required for ping)"}
#     as described: requests with a task are refused by a server that declares none
#
# Here: packages/mcp/src/wire/message.ts drops the task; packages/mcp/test/wire.test.ts has such requests.
# Exit: 0 as described, 1 changed, 2 could not be tried. Needs bash, Node, npm and the `timeout` of coreutils.
set -u
PACKAGE=@modelcontextprotocol/sdk@1.32.2

untried() { printf 'could not be tried: %s\n' "$*" >&2; exit 2; }
for program in node npm timeout; do command -v "$program" >/dev/null || untried "there is no $program"; done
dir=$(mktemp -d) || untried "no temporary folder"
trap 'rm -rf "$dir"' EXIT
trap 'exit 2' INT TERM
cd "$dir" || untried "no temporary folder"

timeout 300 npm install --no-audit --no-fund --loglevel=error "$PACKAGE" >"$dir/npm.log" 2>&1 ||
  untried "$PACKAGE cannot be installed"

cat >"$dir/server.mjs" <<'JS'
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";

const server = new McpServer({ name: "finding", version: "1.0.0" });
server.registerTool("hello", {}, async () => ({ content: [{ type: "text", text: "hello" }] }));
await server.connect(new StdioServerTransport());
JS

cat >"$dir/client.mjs" <<'JS'
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const server = spawn(process.execPath, ["server.mjs"], { stdio: ["pipe", "pipe", "inherit"] });
const answers = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
let id = 0;
const say = (message) => server.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const ask = async (method, params) => {
  say({ id: ++id, method, params });
  const { result, error } = JSON.parse((await answers.next()).value);
  return result ?? error;
};

const clientInfo = { name: "finding", version: "1.0.0" };
const { protocolVersion, capabilities } = await ask("initialize", {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo,
});
say({ method: "notifications/initialized" });
if (protocolVersion !== "2025-11-25" || capabilities.tasks !== undefined) {
  console.log("changed: the server speaks another version, or declares tasks");
  process.exit(1);
}
const task = { ttl: 60_000 };
const plain = await ask("tools/call", { name: "hello" });
const call = await ask("tools/call", { name: "hello", task });
const ping = await ask("ping", { task });
for (const [what, answer] of Object.entries({ "tools/call": plain, "tools/call with task": call, "ping with task": ping })) {
  console.log(what.padEnd(21), JSON.stringify(answer));
}
server.stdin.end();
const isAsDescribed = plain.content?.[0]?.text === "hello" && call.code === -32603 && ping.code === -32603;
console.log(
  isAsDescribed
    ? "as described: requests with a task are refused by a server that declares none"
    : "changed: see the answers",
);
process.exitCode = isAsDescribed ? 0 : 1;
JS

timeout 60 node "$dir/client.mjs"
code=$?
[ "$code" -le 1 ] || untried "the conversation did not end ($code)"
exit "$code"
