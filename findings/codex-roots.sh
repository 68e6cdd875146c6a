#!/usr/bin/env bash
# @openai/codex 0.171.0: answers `roots/list` with an empty list, although it announces no roots.
#
# Expected: the error -32601. The specification of MCP (2025-06-18, the revision that it speaks; client features, Roots) has
#   a client that supports roots declare the capability, and says of errors: "Client does not support roots: -32601 (Method
#   not found)". `sampling/createMessage`, which is not announced either, is refused so.
# Seen: `{"roots":[]}`, as from a client that has no folder open, while it works in one. A server that asks without looking
#   at the capabilities, and falls back to its working directory on the error only, takes it that there is no workspace.
#
#     announced               elicitation experimental
#     roots/list              {"result":{"roots":[]}}
#     sampling/createMessage  {"error":{"code":-32601,"message":"sampling/createMessage"}}
#     as described: roots/list is answered with no roots by a client that announces none
#
# Here: packages/mcp/src/server.ts asks only who announces roots; an empty list counts as no sign (identity/workspace.ts).
# Exit: 0 as described, 1 changed, 2 could not be tried. Needs bash, Node, npm and the `timeout` of coreutils.
set -u
PACKAGE=@openai/codex@0.171.0

untried() { printf 'could not be tried: %s\n' "$*" >&2; exit 2; }
for program in node npm timeout; do command -v "$program" >/dev/null || untried "there is no $program"; done
dir=$(mktemp -d) || untried "no temporary folder"
stub=
finish() { [ -z "$stub" ] || kill "$stub" 2>/dev/null; rm -rf "$dir"; }
trap finish EXIT
trap 'exit 2' INT TERM
mkdir "$dir/npm" "$dir/home" "$dir/codex" "$dir/project"

# The model: says "Hello." once the MCP server has its answers. Any other request gets nothing, and it is the proxy too:
# nothing leaves this machine.
cat >"$dir/model.mjs" <<'JS'
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
const [, , port, answered] = process.argv;
setTimeout(() => process.exit(), 300_000);
const server = createServer(async (request, response) => {
  for await (const _ of request);
  if (request.method !== "POST" || request.url.split("?")[0] !== "/v1/responses") return response.writeHead(404).end("{}");
  for (let tries = 0; tries < 200 && !existsSync(answered); tries++) await new Promise((next) => setTimeout(next, 100));
  const content = [{ type: "output_text", text: "Hello." }];
  const item = { type: "message", id: "msg_1", role: "assistant", content };
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of [
    { type: "response.created", response: { id: "resp_1" } },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.completed", response: { id: "resp_1", output: [item], usage } },
  ]) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  response.end();
});
server.listen(0, "127.0.0.1", () => writeFileSync(port, String(server.address().port)));
JS

# The MCP server: asks for what was not announced, and writes what was, and the answers.
cat >"$dir/server.mjs" <<'JS'
import { renameSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
const asked = { "roots/list": undefined, "sampling/createMessage": { messages: [], maxTokens: 1 } };
const seen = {};
const send = (message) => console.log(JSON.stringify({ jsonrpc: "2.0", ...message }));
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params, result, error } = JSON.parse(line);
  if (method === "initialize") {
    seen.announced = params.capabilities;
    const serverInfo = { name: "probe", version: "1.0.0" };
    send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo } });
  } else if (method === "notifications/initialized") {
    for (const [request, params] of Object.entries(asked)) send({ id: request, method: request, params });
  } else if (method === "tools/list") {
    send({ id, result: { tools: [] } });
  } else if (method !== undefined && id !== undefined) {
    send({ id, error: { code: -32601, message: "Method not found" } });
  } else if (id in asked) {
    seen[id] = result ? { result } : { error };
    if (!Object.keys(asked).every((request) => request in seen)) continue;
    writeFileSync(`${process.argv[2]}.new`, JSON.stringify(seen));
    renameSync(`${process.argv[2]}.new`, process.argv[2]);
  }
}
JS

timeout 300 npm install --prefix "$dir/npm" --no-audit --no-fund --loglevel=error "$PACKAGE" >&2 ||
  untried "npm did not install $PACKAGE"
node "$dir/model.mjs" "$dir/port" "$dir/seen.json" &
stub=$!
for _ in $(seq 100); do [ -s "$dir/port" ] && break; sleep 0.1; done
[ -s "$dir/port" ] || untried "the stub of the model did not start"
model=http://127.0.0.1:$(cat "$dir/port")

cat >"$dir/codex/config.toml" <<TOML
model = "stub"
model_provider = "stub"
[model_providers.stub]
name = "stub"
base_url = "$model/v1"
wire_api = "responses"
env_key = "STUB_KEY"
[mcp_servers.probe]
command = "node"
args = ["../server.mjs", "../seen.json"]
TOML

(cd "$dir/project" && exec env -i PATH="$PATH" HOME="$dir/home" CODEX_HOME="$dir/codex" STUB_KEY=none \
  HTTPS_PROXY="$model" HTTP_PROXY="$model" NO_PROXY=127.0.0.1 \
  timeout 90 "$dir/npm/node_modules/.bin/codex" exec --skip-git-repo-check hello) </dev/null >"$dir/out" 2>&1 ||
  untried "codex exec: $(tail -n 3 "$dir/out")"
[ -s "$dir/seen.json" ] || untried "the server did not get its answers"

node --input-type=module - "$dir/seen.json" <<'JS'
import { readFileSync } from "node:fs";
const seen = JSON.parse(readFileSync(process.argv[2], "utf8"));
const show = (what, text) => console.log(what.padEnd(23), text);
show("announced", Object.keys(seen.announced).sort().join(" "));
for (const request of ["roots/list", "sampling/createMessage"]) show(request, JSON.stringify(seen[request]));
const roots = seen["roots/list"].result?.roots;
const asDescribed = !("roots" in seen.announced) && roots?.length === 0;
const none = "roots/list is answered with no roots by a client that announces none";
console.log(asDescribed ? `as described: ${none}` : `changed: it is not that ${none}`);
process.exit(asDescribed ? 0 : 1);
JS
