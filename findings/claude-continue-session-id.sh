#!/usr/bin/env bash
# @anthropic-ai/claude-code 2.1.332: after `claude -p --continue`, an MCP server is told the id of a session that never is.
#
# Expected: the CLAUDE_CODE_SESSION_ID that a stdio MCP server is started with is the `session_id` that hooks are told and
#   the name of the transcript. So it is for a new session and with `--resume ID`, and so it is meant: "stdio MCP servers now
#   receive the same `CLAUDE_CODE_SESSION_ID` as hooks/Bash on `--resume`" (changelog, 2.1.163).
# Seen: with `-p --continue` the server is told a fresh id. The session goes on under the id of the continued one, and there
#   is no transcript of the fresh id. A server that keeps something for each session takes it for another one.
#
#     -p                 server 35403cdb-…  hook 35403cdb-… startup
#     -p --continue      server 56684314-…  hook 35403cdb-… resume
#     -p --resume ID     server 35403cdb-…  hook 35403cdb-… resume
#     transcripts        35403cdb-…
#     as described: after --continue the server's id names no session
#
# Here: packages/mcp/src/identity/claude-session.ts asks the client's `sessions/PID.json` first; hooks have the last word.
# Exit: 0 as described, 1 changed, 2 could not be tried. Needs bash, Node, npm and the `timeout` of coreutils.
set -u
PACKAGE=@anthropic-ai/claude-code@2.1.332

untried() { printf 'could not be tried: %s\n' "$*" >&2; exit 2; }
for program in node npm timeout; do command -v "$program" >/dev/null || untried "there is no $program"; done
dir=$(mktemp -d) || untried "no temporary folder"
stub=
finish() { [ -z "$stub" ] || kill "$stub" 2>/dev/null; rm -rf "$dir"; }
trap finish EXIT
trap 'exit 2' INT TERM
mkdir "$dir/npm" "$dir/home" "$dir/config" "$dir/project"

# The model: says "Hello." once the MCP server has started, so that no turn is over before it. Any other request gets
# nothing, and it is the proxy too: nothing leaves this machine.
cat >"$dir/model.mjs" <<'JS'
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
const [, , port, started] = process.argv;
setTimeout(() => process.exit(), 300_000);
const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  if (request.method !== "POST" || request.url.split("?")[0] !== "/v1/messages") return response.writeHead(404).end("{}");
  for (let tries = 0; tries < 200 && !existsSync(started); tries++) await new Promise((next) => setTimeout(next, 100));
  const { model, stream } = JSON.parse(body);
  const text = { type: "text", text: "Hello." };
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = { id: "msg_1", type: "message", role: "assistant", model, stop_sequence: null, usage };
  if (!stream) {
    response.writeHead(200, { "content-type": "application/json" });
    return response.end(JSON.stringify({ ...message, content: [text], stop_reason: "end_turn" }));
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of [
    { type: "message_start", message: { ...message, content: [], stop_reason: null } },
    { type: "content_block_start", index: 0, content_block: { ...text, text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: text.text } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage },
    { type: "message_stop" },
  ]) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  response.end();
});
server.listen(0, "127.0.0.1", () => writeFileSync(port, String(server.address().port)));
JS

# The MCP server: no tools; writes the id that it is told.
cat >"$dir/server.mjs" <<'JS'
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
writeFileSync("../server-id", process.env.CLAUDE_CODE_SESSION_ID ?? "none");
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined || method === undefined) continue;
  const answers = {
    initialize: () => ({
      protocolVersion: params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: "probe", version: "1.0.0" },
    }),
    "tools/list": () => ({ tools: [] }),
    ping: () => ({}),
  };
  const result = answers[method]?.();
  const answer = result ? { result } : { error: { code: -32601, message: "Method not found" } };
  console.log(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
}
JS

# The hook: writes the id that it is told.
cat >"$dir/hook.mjs" <<'JS'
import { readFileSync, writeFileSync } from "node:fs";
const { session_id: session, source } = JSON.parse(readFileSync(0, "utf8"));
writeFileSync("../hook-id", `${session} ${source}`);
JS

echo '{ "mcpServers": { "probe": { "command": "node", "args": ["../server.mjs"] } } }' >"$dir/mcp.json"
echo '{ "hooks": { "SessionStart": [{ "hooks": [{ "type": "command", "command": "node ../hook.mjs" }] }] } }' \
  >"$dir/settings.json"

timeout 300 npm install --prefix "$dir/npm" --no-audit --no-fund --loglevel=error "$PACKAGE" >&2 ||
  untried "npm did not install $PACKAGE"
node "$dir/model.mjs" "$dir/port" "$dir/server-id" &
stub=$!
for _ in $(seq 100); do [ -s "$dir/port" ] && break; sleep 0.1; done
[ -s "$dir/port" ] || untried "the stub of the model did not start"
model=http://127.0.0.1:$(cat "$dir/port")

# One turn in an environment of its own: run WHAT FLAG...; leaves what was told in $server_id, $hook_id and $source.
run() {
  local what=$1; shift
  rm -f "$dir/server-id" "$dir/hook-id"
  (cd "$dir/project" && exec env -i PATH="$PATH" HOME="$dir/home" CLAUDE_CONFIG_DIR="$dir/config" \
    ANTHROPIC_BASE_URL="$model" ANTHROPIC_API_KEY=none HTTPS_PROXY="$model" HTTP_PROXY="$model" NO_PROXY=127.0.0.1 \
    DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 \
    timeout 90 "$dir/npm/node_modules/.bin/claude" -p hello "$@" \
    --mcp-config ../mcp.json --strict-mcp-config --settings ../settings.json) </dev/null >"$dir/out" 2>&1 ||
    untried "claude $what: $(tail -n 3 "$dir/out")"
  { [ -s "$dir/server-id" ] && [ -s "$dir/hook-id" ]; } || untried "claude $what: the server or the hook was not started"
  server_id=$(cat "$dir/server-id")
  read -r hook_id source < <(cat "$dir/hook-id"; echo)
  printf '%-18s server %s  hook %s %s\n' "$what" "$server_id" "$hook_id" "$source"
}
transcripts() { find "$dir/config/projects" -name '*.jsonl' -exec basename {} .jsonl \;; }

run "-p"
session=$hook_id
[ "$server_id" = "$session" ] || { echo "changed: a new session's server is not told its id"; exit 1; }
[ "$(transcripts)" = "$session" ] || untried "the transcript of the session was not found"
run "-p --continue" --continue
continued=$server_id
[ "$hook_id" = "$session" ] || { echo "changed: --continue goes on under another id"; exit 1; }
run "-p --resume ID" --resume "$session"
resumed=$server_id
printf '%-18s %s\n' transcripts "$(transcripts | paste -sd ' ' -)"

if [ "$continued" = "$session" ]; then echo "changed: after --continue the server is told the session's id"; exit 1; fi
if [ "$continued" = none ]; then echo "changed: after --continue the server is told no id"; exit 1; fi
if transcripts | grep -qxF "$continued"; then echo "changed: the server's id after --continue has a transcript"; exit 1; fi
if [ "$resumed" != "$session" ]; then echo "changed: with --resume ID the server is not told that id"; exit 1; fi
echo "as described: after --continue the server's id names no session"
