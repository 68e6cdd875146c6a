#!/usr/bin/env bash
# cline 3.0.65 (@cline/core 0.0.86): the text with which a run begins is told to no plugin by `message-added`, every later message is.
#
# Expected: an event for each message that is added, the user's among them: the events that a plugin's `onEvent` is given have
#   `message-added` with the message (`AgentRuntimeEvent` of @cline/shared).
# Seen: a run of one prompt and one tool begins with `run-started`, in whose snapshot the prompt stands already, and the first
#   `message-added` is the model's. A plugin that counts on these events never hears of what its user has said. The same with the hub
#   in a process of its own, which this script leaves out so that none is left behind (CLINE_SESSION_BACKEND_MODE=local).
#
#     run-started       user: <user_input mode="act">please look</user_input>
#     message-added     assistant:
#     message-added     tool:
#     message-added     assistant: Done.
#     as described: the prompt stands in the snapshot of run-started, and no message-added tells of it
#
# Here: packages/cline/src/plugin.ts reads the texts in the snapshot of run-started, too (`textsBegunWith`).
# Exit: 0 as described, 1 changed, 2 could not be tried. Needs bash, Node, npm and the `timeout` of coreutils.
set -u
PACKAGE=cline@3.0.65

untried() { printf 'could not be tried: %s\n' "$*" >&2; exit 2; }
for program in node npm timeout; do command -v "$program" >/dev/null || untried "there is no $program"; done
dir=$(mktemp -d) || untried "no temporary folder"
stub=
finish() { [ -z "$stub" ] || kill "$stub" 2>/dev/null; rm -rf "$dir"; }
trap finish EXIT
trap 'exit 2' INT TERM
mkdir -p "$dir/npm" "$dir/home" "$dir/project" "$dir/plugin"

# The model: calls the plugin's tool once, then says "Done.". Any other request gets nothing, and it is the proxy too: nothing leaves
# this machine.
cat >"$dir/model.mjs" <<'JS'
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
setTimeout(() => process.exit(), 600_000);
const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  if (!request.url.endsWith("/chat/completions")) return response.writeHead(404).end("{}");
  const { model, messages, tools = [] } = JSON.parse(body);
  const isCalled = messages.some(({ role }) => role === "tool");
  const name = tools.map((tool) => tool.function.name).find((each) => each.endsWith("look"));
  response.writeHead(200, { "content-type": "text/event-stream" });
  const chunk = (delta, finish_reason) =>
    response.write(`data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model, choices: [{ index: 0, delta, finish_reason }] })}\n\n`);
  if (name !== undefined && !isCalled) {
    chunk({ role: "assistant", tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name, arguments: "{}" } }] }, null);
    chunk({}, "tool_calls");
  } else {
    chunk({ role: "assistant", content: "Done." }, null);
    chunk({}, "stop");
  }
  response.end("data: [DONE]\n\n");
});
server.listen(0, "127.0.0.1", () => writeFileSync(process.argv[2], String(server.address().port)));
JS
node "$dir/model.mjs" "$dir/port" & stub=$!
for _ in $(seq 100); do [ -s "$dir/port" ] && break; sleep 0.1; done
[ -s "$dir/port" ] || untried "the model did not start"
port=$(cat "$dir/port")

# The plugin: a tool, and what the events of a run say of messages.
cat >"$dir/plugin/package.json" <<'JSON'
{ "name": "finding", "version": "1.0.0", "type": "module", "main": "./index.js", "cline": { "plugins": [{ "paths": ["./index.js"] }] } }
JSON
cat >"$dir/plugin/index.js" <<JS
import { appendFileSync } from "node:fs";
const text = ({ role, content }) => role + ": " + content.map((part) => part.text ?? "").join("");
const note = (type, messages) => appendFileSync("$dir/events", JSON.stringify([type, messages.map(text)]) + "\n");
export default {
  name: "finding",
  manifest: { capabilities: ["tools", "hooks"] },
  setup(api) {
    api.registerTool({ name: "look", description: "Looks.", inputSchema: { type: "object", properties: {} }, execute: async () => "seen" });
  },
  hooks: {
    onEvent(event) {
      if (event.type === "run-started") note(event.type, event.snapshot.messages);
      if (event.type === "message-added") note(event.type, [event.message]);
    },
  },
};
JS

(cd "$dir/npm" && timeout 600 npm install --silent --no-audit --no-fund "$PACKAGE" >/dev/null 2>&1) || untried "npm does not install $PACKAGE"
cline() {
  (cd "$dir/project" && env -i PATH="$dir/npm/node_modules/.bin:$PATH" HOME="$dir/home" LANG=C.UTF-8 CLINE_SESSION_BACKEND_MODE=local \
    http_proxy="http://127.0.0.1:$port" https_proxy="http://127.0.0.1:$port" HTTP_PROXY="http://127.0.0.1:$port" HTTPS_PROXY="http://127.0.0.1:$port" \
    no_proxy=127.0.0.1 NO_PROXY=127.0.0.1 timeout 180 "$dir/npm/node_modules/.bin/cline" "$@" </dev/null >>"$dir/log" 2>&1)
}
cline auth --provider openai-compatible --apikey none --modelid stub --baseurl "http://127.0.0.1:$port/v1" || untried "no provider: $(tail -n 3 "$dir/log")"
cline plugin install "$dir/plugin" || untried "no plugin: $(tail -n 3 "$dir/log")"
cline --json "please look" || untried "the run failed: $(tail -n 3 "$dir/log")"
[ -s "$dir/events" ] || untried "the plugin was told nothing: $(tail -n 3 "$dir/log")"

node - "$dir/events" <<'JS'
const { readFileSync } = require("node:fs");
const events = readFileSync(process.argv[2], "utf8").trim().split("\n").map((line) => JSON.parse(line));
for (const [type, messages] of events) console.log(type.padEnd(17), messages.join(" | "));
const isPrompt = (message) => message.startsWith("user:") && message.includes("please look");
const added = events.filter(([type]) => type === "message-added").flatMap(([, messages]) => messages);
const begun = events.some(([type, messages]) => type === "run-started" && messages.some(isPrompt));
if (added.length === 0 || !added.some((message) => message.startsWith("tool:"))) {
  console.error("could not be tried: the run has called no tool");
  process.exit(2);
}
const isAsDescribed = begun && !added.some(isPrompt);
console.log(isAsDescribed ? "as described: the prompt stands in the snapshot of run-started, and no message-added tells of it" : "changed: see the events");
process.exitCode = isAsDescribed ? 0 : 1;
JS
