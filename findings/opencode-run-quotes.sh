#!/usr/bin/env bash
# opencode-ai 1.18.33: `opencode run` puts quotation marks around a prompt with a blank in it, and backslashes before those within.
#
# Expected: the model is shown the prompt as it was given: the shell has taken its quotation marks away.
# Seen: an argument with a blank comes before the model as `"…"`, each `"` in it as `\"`; one without a blank as it is. A prompt with
#   JSON or code in it is another text then.
#
#     given  say {"a": 1}
#     shown  "say {\"a\": 1}"
#     given  {"a":1}
#     shown  {"a":1}
#     as described: a prompt with a blank is shown in quotes
#
# Here: packages/testkit/clients/mcp-http.ts gives the prompt word by word (`byWords`); docs/clients.md says so.
# Exit: 0 as described, 1 changed, 2 could not be tried. Needs bash, Node, npm and the `timeout` of coreutils.
set -u
PACKAGE=opencode-ai@1.18.33

untried() { printf 'could not be tried: %s\n' "$*" >&2; exit 2; }
for program in node npm timeout; do command -v "$program" >/dev/null || untried "there is no $program"; done
dir=$(mktemp -d) || untried "no temporary folder"
stub=
finish() { [ -z "$stub" ] || kill "$stub" 2>/dev/null; rm -rf "$dir"; }
trap finish EXIT
trap 'exit 2' INT TERM
mkdir "$dir/npm" "$dir/home" "$dir/project"

# The model: says "Hello." and writes down the last text of its user. Any other request gets nothing, and it is the proxy too:
# nothing leaves this machine.
cat >"$dir/model.mjs" <<'JS'
import { appendFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
const [, , port, shown] = process.argv;
setTimeout(() => process.exit(), 300_000);
const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  if (!request.url.endsWith("/chat/completions")) return response.writeHead(404).end("{}");
  const { model, messages, tools = [] } = JSON.parse(body);
  const { content } = messages.findLast(({ role }) => role === "user");
  const text = typeof content === "string" ? content : content.map((part) => part.text ?? "").join("");
  // Without tools it is asked for a title.
  if (tools.length > 0) appendFileSync(shown, `${text}\n`);
  response.writeHead(200, { "content-type": "text/event-stream" });
  const chunk = (delta, finish_reason) =>
    response.write(`data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model, choices: [{ index: 0, delta, finish_reason }] })}\n\n`);
  chunk({ role: "assistant", content: "Hello." }, null);
  chunk({}, "stop");
  response.end("data: [DONE]\n\n");
});
server.listen(0, "127.0.0.1", () => writeFileSync(port, String(server.address().port)));
JS
node "$dir/model.mjs" "$dir/port" "$dir/shown" & stub=$!
for _ in $(seq 100); do [ -s "$dir/port" ] && break; sleep 0.1; done
[ -s "$dir/port" ] || untried "the model did not start"
port=$(cat "$dir/port")

(cd "$dir/npm" && timeout 600 npm install --silent --no-audit --no-fund "$PACKAGE" >/dev/null 2>&1) || untried "npm does not install $PACKAGE"
cat >"$dir/project/opencode.json" <<JSON
{ "model": "stub/stub", "small_model": "stub/stub", "provider": { "stub": { "npm": "@ai-sdk/openai-compatible", "name": "stub",
  "options": { "baseURL": "http://127.0.0.1:$port/v1", "apiKey": "none" },
  "models": { "stub": { "name": "stub", "tool_call": true, "limit": { "context": 100000, "output": 4000 } } } } } }
JSON

shown() { # PROMPT: what the model is shown of it
  : >"$dir/shown"
  (cd "$dir/project" && env -i PATH="$PATH" LANG=C.UTF-8 HOME="$dir/home" XDG_CONFIG_HOME="$dir/home/c" XDG_DATA_HOME="$dir/home/d" \
    XDG_STATE_HOME="$dir/home/s" XDG_CACHE_HOME="$dir/home/k" HTTP_PROXY="http://127.0.0.1:$port" HTTPS_PROXY="http://127.0.0.1:$port" \
    http_proxy="http://127.0.0.1:$port" https_proxy="http://127.0.0.1:$port" NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 \
    OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_MODELS_FETCH=1 OPENCODE_DISABLE_LSP_DOWNLOAD=1 \
    timeout 120 "$dir/npm/node_modules/.bin/opencode" run "$1" </dev/null >"$dir/said" 2>&1) || untried "opencode run failed: $(tail -c 300 "$dir/said")"
  [ -s "$dir/shown" ] || untried "the model was asked nothing"
  head -n 1 "$dir/shown"
}

with=$(shown 'say {"a": 1}') || exit 2
without=$(shown '{"a":1}') || exit 2
printf 'given  %s\nshown  %s\ngiven  %s\nshown  %s\n' 'say {"a": 1}' "$with" '{"a":1}' "$without"
if [ "$with" = '"say {\"a\": 1}"' ] && [ "$without" = '{"a":1}' ]; then
  echo "as described: a prompt with a blank is shown in quotes"
  exit 0
fi
echo "changed"
exit 1
