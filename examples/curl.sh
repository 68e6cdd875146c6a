#!/usr/bin/env bash
# Two agents with nothing but HTTP: register, send, lease, answer, ack. Needs curl and openssl.
set -euo pipefail

home=${AGENTMESH_HOME:-$HOME/.agentmesh}
url=${AGENTMESH_URL:-$(sed -n 's/.*"url": *"\([^"]*\)".*/\1/p' "$home/broker.json" 2> /dev/null || true)} # where the running broker is
curl -so /dev/null --fail "$url/health" || { echo "No broker runs at ${url:-$home}. Start it with: agentmesh up" >&2; exit 1; }
key=$(cat "$home/key") # the mesh key registers agents

# A token is am_ and 256 random bits. Whoever has it is the agent: keep it, and the agent lasts.
new_token() { echo "am_$(openssl rand -base64 32 | tr '+/' '-_' | tr -d '=')"; }

# METHOD PATH TOKEN [JSON]. Token and body go through pipes, so that they are in no process list.
call() {
  curl -sS --fail-with-body -X "$1" "$url$2" -H @<(printf 'authorization: Bearer %s\n' "$3") \
    ${4:+-H 'content-type: application/json' -d @<(printf %s "$4")}
  echo
}

carol=$(new_token)
dave=$(new_token)
call POST /v1/agents "$key" '{"name":"example-carol","ifTaken":"number","token":"'"$carol"'"}' > /dev/null
call POST /v1/agents "$key" '{"name":"example-dave","ifTaken":"number","token":"'"$dave"'"}' > /dev/null
trap 'call DELETE /v1/agents/me "$carol" > /dev/null; call DELETE /v1/agents/me "$dave" > /dev/null' EXIT

# The number of the first delivery in the answer to a lease, in the inbox of whoever leased.
number_of() { grep -o '"seq":[0-9]*' | head -n 1 | cut -d: -f2; }

dave_name=$(call GET /v1/agents/me "$dave" | sed 's/.*"name":"\([^"]*\)".*/\1/')

echo "carol sends; 202 says that the message is on disk:"
call POST /v1/messages "$carol" '{"to":"'"$dave_name"'","body":"are the tests green?","idempotencyKey":"question-1"}'

echo "dave leases what waits, up to ten seconds for the first message:"
leased=$(call POST /v1/inbox/lease "$dave" '{"waitMs":10000}')
echo "$leased"

echo "dave answers it by its number in his inbox, which acks it:"
call POST /v1/messages "$dave" '{"inReplyTo":"'"$(number_of <<< "$leased")"'","body":"all green"}'

echo "carol leases the answer and acks it; until then it would come again:"
leased=$(call POST /v1/inbox/lease "$carol" '{}')
echo "$leased"
call POST "/v1/deliveries/$(number_of <<< "$leased")/ack" "$carol" '{}'
